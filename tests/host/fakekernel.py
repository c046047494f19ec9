# SPDX-License-Identifier: GPL-2.0-only
"""A kernel with the tapdrop family, for machines whose own has none.

The tool is real and so is all of the library; only its generic netlink socket
leads here, by fakenl.c. What is answered comes from the recorded dumps or from
the test.
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

import tool

sys.path.insert(0, tool.GOLDEN)
import make_dumps as nl  # noqa: E402  pylint: disable=wrong-import-position

JOIN = 0x7ffe
GENL_ID_CTRL = 16
ENOENT, ENODEV = 2, 19


def parse(data):
    """Attributes by type."""
    attrs = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from('=HH', data)
        attrs[kind] = data[4:size]
        data = data[size + 3 & ~3:]
    return attrs


def with_seq(messages, seq):
    """The same messages, as an answer to the request with that number."""
    data, pos = bytearray(messages), 0
    while pos < len(data):
        struct.pack_into('=I', data, pos + 8, seq)
        pos += struct.unpack_from('=I', data, pos)[0] + 3 & ~3
    return bytes(data)


def shim():
    """Path of the built fakenl.c."""
    source = os.path.join(tool.TOP, 'tests', 'host', 'fakenl.c')
    out = os.path.join(tool.BUILD, 'fakenl.so')
    if not os.path.exists(out) or \
            os.path.getmtime(out) < os.path.getmtime(source):
        subprocess.run(['gcc', '-O1', '-Wall', '-Wextra', '-Werror', '-shared',
                        '-fPIC', '-o', out, source], check=True)
    return out


class Stray(bytes):
    """A datagram that keeps its own sequence number."""


class FakeKernel:
    """Answers while the with-block lasts; self.env is for the tool.

    dump: what a stats-get answers, or a function that takes its attributes and
        gives that, or a list of such datagrams
    refuse: errno, words and type of the attribute at fault
    """

    def __init__(self, dump=None, has_family=True, refuse=None):
        self.dump = dump or nl.host()
        self.has_family, self.refuse = has_family, refuse
        self.family = nl.FAMILY
        self.group = 77
        self.requests, self.listeners = [], set()
        self.joined = threading.Event()
        self.dir = tempfile.mkdtemp()
        path = os.path.join(self.dir, 'kernel')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(path)
        self.socket.listen()
        self.env = {'FAKENL': path, 'LD_PRELOAD': shim()}

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.env['FAKENL'])
        os.rmdir(self.dir)

    def accept(self):
        """Serve every socket that is opened."""
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,),
                             daemon=True).start()

    def serve(self, peer):
        """Answer each request of a socket."""
        while True:
            try:
                request, seen, _, _ = socket.recv_fds(peer, 65536, 1)
            except OSError:
                return
            if not request:
                self.leave(lambda other, _: other is peer)
                return
            if len(request) == 8:
                self.join(peer, struct.unpack('=II', request)[1])
                os.close(*seen)
                continue
            _, kind, _, seq, _ = struct.unpack_from('=IHHII', request)
            for answer in self.answers(kind, request):
                if not isinstance(answer, Stray):
                    answer = with_seq(answer, seq)
                peer.send(answer)

    def answers(self, kind, request):
        """Datagrams that answer a request."""
        attrs = parse(request[20:])
        if kind == GENL_ID_CTRL:
            return [self.describe(), self.error(0)] if self.has_family \
                else [self.error(ENOENT)]
        if kind != self.family:
            return [self.error(ENOENT)]
        self.requests.append(attrs)
        if self.refuse:
            err, words, attr = self.refuse
            return [self.error(err, words, self.offset(request, attr))]
        if callable(self.dump):
            answer = self.dump(attrs)
            return answer if isinstance(answer, list) else [answer]
        if nl.IFINDEX in attrs:
            return [self.error(ENODEV, 'no such tap')]
        return [self.dump]

    def describe(self):
        """What the controller says of the family."""
        group = nl.attr(1, nl.attr(1, b'devices\0') + nl.u32(2, self.group))
        return nl.message(
            struct.pack('=BBH', 1, 2, 0) +
            nl.attr(1, struct.pack('=H', self.family)) +
            nl.attr(2, b'tapdrop\0') + nl.attr(7, group), GENL_ID_CTRL, 0)

    @staticmethod
    def offset(request, kind):
        """Where an attribute begins in a request."""
        pos = 20
        while kind and pos < len(request):
            size, found = struct.unpack_from('=HH', request, pos)
            if found == kind:
                return pos
            pos += size + 3 & ~3
        return None

    @staticmethod
    def error(err, words=None, offset=None):
        """An acknowledgment or a refusal, capped as we ask for."""
        ext = b''
        if words:
            ext += nl.attr(1, words.encode() + b'\0')
        if offset:
            ext += nl.u32(2, offset)
        flags = 0x100 | (nl.NLM_F_ACK_TLVS if ext else 0)
        return nl.message(struct.pack('=i', -err) + b'\0' * 16 + ext,
                          nl.NLMSG_ERROR, flags)

    def join(self, peer, group):
        """A socket wants to hear what is sent to a group."""
        self.listeners.add((peer, group))
        if group == self.group:
            self.joined.set()

    def leave(self, goes):
        """Some hear no more; others may join meanwhile."""
        for listener in list(self.listeners):
            if goes(*listener):
                self.listeners.discard(listener)

    def load_anew(self):
        """The module goes and comes: it has other ids, and no listeners."""
        self.leave(lambda _, group: group == self.group)
        self.family, self.group = self.family + 1, self.group + 1
        self.joined.clear()
        self.notify(self.describe(), GENL_ID_CTRL)

    def unload(self):
        """The module goes."""
        self.has_family = False
        self.family = self.family + 1
        self.leave(lambda _, group: group == self.group)

    def notify(self, messages, group=None):
        """Send events to all who listen to a group, or to ours."""
        for peer, joined in list(self.listeners):
            if joined == (group or self.group):
                peer.send(messages)
