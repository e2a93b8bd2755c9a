"""A KV plugin in memory, for the hosts under test.

    python kv_plugin.py      (started by a host)

It uses AutoMTLS when its host asks for it.
"""
from grpclib import GRPCError, Status
from pyplugin import ServeConfig, serve

import kv


class MemoryStore(kv.KvBase):
    def __init__(self):
        self._values = {}

    async def Put(self, stream):
        request = await stream.recv_message()
        self._values[request.key] = request.value
        await stream.send_message(kv.Empty())

    async def Get(self, stream):
        request = await stream.recv_message()
        if request.key not in self._values:
            raise GRPCError(Status.NOT_FOUND, f'no value under "{request.key}"')
        value = self._values[request.key]
        await stream.send_message(kv.GetResponse(value=value))


if __name__ == "__main__":
    serve(ServeConfig(
        handshake_config=kv.HANDSHAKE,
        plugins={"kv": kv.KvPlugin(MemoryStore())},
    ))
