# SPDX-License-Identifier: GPL-2.0-only
"""libtapdrop for Python, on ctypes alone: what an agent needs of it.

    with Tapdrop() as handle:
        for device in handle.dump():
            print(device.name, device.lost_to_user)

LIBTAPDROP is the library's path, if it is not where the system looks.
"""
import ctypes
import os
from ctypes import (POINTER, Structure, byref, c_bool, c_char, c_char_p, c_int,
                    c_int32, c_size_t, c_uint32, c_uint64, c_void_p, cast,
                    memmove, sizeof)

NEVER = 2 ** 64 - 1
ADD, DEL, MOVE = 1, 2, 3
NOT_COUNTED = 3


class Counter(Structure):
    """struct tapdrop_counter"""
    _fields_ = [("packets", c_uint64), ("last_ms", c_uint64),
                ("queue", c_int32), ("dir", c_uint32), ("reason_id", c_uint32)]

    @property
    def direction(self):
        return LIB.tapdrop_dir_name(self.dir).decode()

    @property
    def reason(self):
        """Its name, or its number if the library does not know it."""
        info = LIB.tapdrop_reason_by_id(self.reason_id)
        return info.contents.name.decode() if info else str(self.reason_id)


class Device(Structure):
    """struct tapdrop_device. If it is not counted, its numbers are unknown, not
    0."""
    _fields_ = [("ifindex", c_uint32), ("kind", c_uint32),
                ("queues", c_uint32), ("ifname", c_char * 16),
                ("lost_to_user", c_uint64), ("lost_from_user", c_uint64),
                ("n_counters", c_size_t), ("first", POINTER(Counter)),
                ("coverage", c_uint32), ("since_ms", c_uint64),
                ("ifalias", c_char_p)]

    @property
    def name(self):
        return os.fsdecode(self.ifname)

    @property
    def counted(self):
        return self.coverage != NOT_COUNTED

    @property
    def counters(self):
        return self.first[:self.n_counters]

    def copy(self):
        """The same in memory of its own: the library's is freed, or used for
        the next one."""
        own = Device.from_buffer_copy(self)
        array = (Counter * self.n_counters)()
        memmove(array, self.first, sizeof(array))
        own.first = cast(array, POINTER(Counter))   # which keeps the array
        own.ifalias = self.ifalias
        return own


class Reason(Structure):
    """struct tapdrop_reason_info"""
    _fields_ = [("id", c_uint32), ("class_id", c_uint32)] + [
        (name, c_char_p) for name in ("name", "skb_reason", "meaning", "cause",
                                      "remedy")]


class Filter(Structure):
    """struct tapdrop_filter"""
    _fields_ = [("ifindex", c_uint32), ("scope", c_uint32), ("dir", c_uint32),
                ("reasons", c_uint64), ("has_queue", c_bool),
                ("no_queue", c_bool), ("zeros", c_bool), ("queue", c_uint32),
                ("delta", c_bool), ("cursor", c_uint64)]


class Event(Structure):
    """struct tapdrop_event"""
    _fields_ = [("type", c_int), ("device", POINTER(Device))]


def load(path):
    """The library, with the types of what is called here."""
    lib = ctypes.CDLL(path)
    for name, result, *arguments in (
            ("open", c_int, POINTER(c_void_p)),
            ("close", None, c_void_p),
            ("error", c_char_p, c_void_p),
            ("dump", c_int, c_void_p, POINTER(Filter), POINTER(c_void_p)),
            ("stats_next", POINTER(Device), c_void_p, POINTER(Device)),
            ("stats_cursor", c_uint64, c_void_p),
            ("stats_free", None, c_void_p),
            ("subscribe", c_int, c_void_p),
            ("fd", c_int, c_void_p),
            ("next_event", c_int, c_void_p, POINTER(Event)),
            ("reason_by_id", POINTER(Reason), c_uint32),
            ("dir_name", c_char_p, c_uint32)):
        function = getattr(lib, f"tapdrop_{name}")
        function.restype, function.argtypes = result, arguments
    return lib


LIB = load(os.environ.get("LIBTAPDROP", "libtapdrop.so.0"))


class TapdropError(OSError):
    """What the library says of an error, with the kernel's own words."""


class Tapdrop:
    """A handle: a socket to the family, in the network namespace of now."""

    def __init__(self):
        self.handle = c_void_p()
        self.cursor = 0
        try:
            self.check(LIB.tapdrop_open(byref(self.handle)))
        except TapdropError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def check(self, result):
        """Raise an error of the library's; return what is none."""
        if result < 0:
            words = LIB.tapdrop_error(self.handle).decode(errors="replace")
            raise TapdropError(-result, words)
        return result

    def close(self):
        LIB.tapdrop_close(self.handle)
        self.handle = c_void_p()

    def dump(self, **wanted):
        """Devices with their counters, one after the other; arguments are
        members of struct tapdrop_filter. See changes() for delta."""
        stats = c_void_p()
        self.check(LIB.tapdrop_dump(self.handle, byref(Filter(**wanted)),
                                    byref(stats)))
        try:
            device = LIB.tapdrop_stats_next(stats, None)
            while device:
                yield device.contents.copy()
                device = LIB.tapdrop_stats_next(stats, device)
            self.cursor = LIB.tapdrop_stats_cursor(stats)
        finally:
            LIB.tapdrop_stats_free(stats)

    def changes(self):
        """The same of what changed since changes() was walked through before;
        everything at first."""
        return self.dump(delta=True, cursor=self.cursor)

    def subscribe(self):
        """Be told of devices that come and go; returns what to poll."""
        self.check(LIB.tapdrop_subscribe(self.handle))
        return LIB.tapdrop_fd(self.handle)

    def events(self):
        """What has come since: what happened, and the device."""
        event = Event()
        while self.check(LIB.tapdrop_next_event(self.handle, byref(event))):
            yield event.type, event.device.contents.copy()
