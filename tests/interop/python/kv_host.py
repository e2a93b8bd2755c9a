"""A host that stores a value with a KV plugin and reads it back.

    KV_PLUGIN='COMMAND LINE' AUTO_MTLS=1 python kv_host.py KEY VALUE

AUTO_MTLS is 1 unless it is set to 0. The value read goes to stdout, an error
to stderr with exit code 1.
"""
import asyncio
import os
import sys

from pyplugin import Client, ClientConfig

import kv

CALL_LIMIT_S = 30


async def roundtrip(key, value):
    client = Client(ClientConfig(
        handshake_config=kv.HANDSHAKE,
        plugins={"kv": kv.KvPlugin()},
        # With exec the shell turns into the plugin, and kill() reaches it.
        cmd=["sh", "-c", f"exec {os.environ['KV_PLUGIN']}"],
        auto_mtls=kv.auto_mtls_wanted(),
        start_timeout=CALL_LIMIT_S,
    ))
    # Not "async with": when start() fails, that leaves the plugin running.
    try:
        await client.start()
        stub = client.dispense("kv")
        put = kv.PutRequest(key=key, value=value.encode())
        await stub.Put(put, timeout=CALL_LIMIT_S)
        response = await stub.Get(kv.GetRequest(key=key), timeout=CALL_LIMIT_S)
        return response.value.decode()
    finally:
        await client.kill()


def main():
    if len(sys.argv) != 3 or not os.environ.get("KV_PLUGIN"):
        sys.exit("usage: KV_PLUGIN='COMMAND LINE' kv_host.py KEY VALUE")
    try:
        print(asyncio.run(roundtrip(sys.argv[1], sys.argv[2])))
    except Exception as error:
        sys.exit(f"error: {error!r}")


if __name__ == "__main__":
    main()
