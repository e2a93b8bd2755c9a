"""The KV service of go-plugin's gRPC example, for Python's host and plugin.

    service proto.KV {
      rpc Get(GetRequest) returns (GetResponse);
      rpc Put(PutRequest) returns (Empty);
    }

A code generator would be one more tool to install, so the messages are
described here by hand and their classes made when the module is loaded.
"""
import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpclib.client import UnaryUnaryMethod
from grpclib.const import Cardinality, Handler
from pyplugin import HandshakeConfig, Plugin

HANDSHAKE = HandshakeConfig(
    protocol_version=1,
    magic_cookie_key="BASIC_PLUGIN",
    magic_cookie_value="hello",
)

PACKAGE = "proto"
STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES

# The fields of each message, numbered from 1.
MESSAGES = {
    "GetRequest": [("key", STRING)],
    "GetResponse": [("value", BYTES)],
    "PutRequest": [("key", STRING), ("value", BYTES)],
    "Empty": [],
}
METHODS = {
    "Get": ("GetRequest", "GetResponse"),
    "Put": ("PutRequest", "Empty"),
}


def _describe_file():
    file = descriptor_pb2.FileDescriptorProto(
        name="proto/kv.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, start=1):
            message.field.add(
                name=field,
                number=number,
                type=kind,
                label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            )
    service = file.service.add(name="KV")
    for name, (request, response) in METHODS.items():
        service.method.add(
            name=name,
            input_type=f".{PACKAGE}.{request}",
            output_type=f".{PACKAGE}.{response}",
        )
    return file


# The default pool is the one that server reflection answers from.
_pool = descriptor_pool.Default()
_pool.AddSerializedFile(_describe_file().SerializeToString())


def _message_class(name):
    descriptor = _pool.FindMessageTypeByName(f"{PACKAGE}.{name}")
    return message_factory.GetMessageClass(descriptor)


GetRequest = _message_class("GetRequest")
GetResponse = _message_class("GetResponse")
PutRequest = _message_class("PutRequest")
Empty = _message_class("Empty")


class KvBase:
    """What a generator would make for the server: subclasses define Get and
    Put, each with the call's stream as its only argument."""

    def __mapping__(self):
        return {
            f"/{PACKAGE}.KV/{name}": Handler(
                getattr(self, name),
                Cardinality.UNARY_UNARY,
                _message_class(request),
                _message_class(response),
            )
            for name, (request, response) in METHODS.items()
        }


class KvStub:
    """What a generator would make for the client: `await stub.Get(request)`."""

    def __init__(self, channel):
        for name, (request, response) in METHODS.items():
            method = UnaryUnaryMethod(
                channel,
                f"/{PACKAGE}.KV/{name}",
                _message_class(request),
                _message_class(response),
            )
            setattr(self, name, method)


class KvPlugin(Plugin):
    """The entry of the plugin set; a host needs no implementation."""

    def __init__(self, implementation=None):
        self._implementation = implementation

    def servicers(self, broker):
        return [self._implementation]

    def stub(self, broker, channel):
        return KvStub(channel)


def auto_mtls_wanted():
    """On, unless the environment says AUTO_MTLS=0."""
    return os.environ.get("AUTO_MTLS") != "0"
