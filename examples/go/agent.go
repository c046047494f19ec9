// SPDX-License-Identifier: GPL-2.0-only

// A monitoring agent on mdlayher/genetlink, from uapi/tapdrop.yaml: prints what
// was lost since the last look, once in an interval, and what a device still
// lost when it ended. It goes on when the module is unloaded, and when it is
// there again.
//
// usage: agent [MILLISECONDS [LOOKS]]
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
)

// Of the spec.
const (
	cmdStatsGet  = 1
	cmdDelNtf    = 3
	cmdReasonGet = 4

	statsIfindex  = 1
	statsIfname   = 2
	statsQueueID  = 5
	statsToUser   = 6
	statsFromUser = 7
	statsScope    = 8
	scopeQueue    = 2
	statsCoverage = 14
	coverageNone  = 3

	counterReason  = 1
	counterPackets = 2

	reasonID   = 1
	reasonName = 2
)

// How often to begin again when devices come and go during a dump.
const attempts = 5

var native binary.ByteOrder = binary.LittleEndian

func init() {
	one := uint16(1)
	if *(*byte)(unsafe.Pointer(&one)) == 0 {
		native = binary.BigEndian
	}
}

// A counter belongs to these four.
type key struct {
	ifindex, direction, reason uint32
	queue                      string
}

// A counter of a message.
type cell struct {
	direction, reason uint32
	packets           uint64
}

// One message of stats-get, or of the group.
type message struct {
	ifindex uint32
	name    string
	queue   string
	cells   []cell
	// Nobody counts what the device loses.
	uncounted bool
}

type agent struct {
	requests, events *genetlink.Conn
	family           genetlink.Family
	names            map[uint32]string
	reasons          map[uint32]string
	counters         map[key]uint64
}

// A uint of the spec has 4 bytes, or 8 if it needs them.
func decodeUint(data []byte) uint64 {
	switch len(data) {
	case 4:
		return uint64(native.Uint32(data))
	case 8:
		return native.Uint64(data)
	}
	return 0
}

func (m *message) addCounter(direction uint32, nest *netlink.AttributeDecoder) error {
	c := cell{direction: direction}
	for nest.Next() {
		switch nest.Type() {
		case counterReason:
			c.reason = nest.Uint32()
		case counterPackets:
			c.packets = decodeUint(nest.Bytes())
		}
	}
	m.cells = append(m.cells, c)
	return nil
}

func decode(data []byte) (*message, error) {
	attrs, err := netlink.NewAttributeDecoder(data)
	if err != nil {
		return nil, err
	}
	m := &message{queue: "none"}
	for attrs.Next() {
		switch kind := attrs.Type(); kind {
		case statsIfindex:
			m.ifindex = attrs.Uint32()
		case statsIfname:
			m.name = attrs.String()
		case statsQueueID:
			m.queue = strconv.Itoa(int(attrs.Uint32()))
		case statsCoverage:
			m.uncounted = attrs.Uint32() == coverageNone
		case statsToUser, statsFromUser:
			attrs.Nested(func(nest *netlink.AttributeDecoder) error {
				return m.addCounter(uint32(kind), nest)
			})
		}
	}
	return m, attrs.Err()
}

// Print what is new in a message.
func (a *agent) note(m *message) {
	if m.name != "" {
		if m.uncounted && a.names[m.ifindex] == "" {
			fmt.Println(m.name, "is not counted")
		}
		a.names[m.ifindex] = m.name
	}
	for _, c := range m.cells {
		k := key{m.ifindex, c.direction, c.reason, m.queue}
		was, now := a.counters[k], c.packets
		a.counters[k] = now
		if now == was {
			continue
		}
		if now < was { // the index is another device's by now
			was = 0
		}
		direction := "to-user"
		if k.direction == statsFromUser {
			direction = "from-user"
		}
		name := a.names[k.ifindex]
		if k.ifindex == 0 {
			name = "-"
		}
		fmt.Printf("%s queue=%s %s %s +%d\n", name, k.queue, direction,
			a.reasons[k.reason], now-was)
	}
}

// The device has ended, and its index may be given to another.
func (a *agent) forget(ifindex uint32) {
	delete(a.names, ifindex)
	for k := range a.counters {
		if k.ifindex == ifindex {
			delete(a.counters, k)
		}
	}
}

// One attempt at a dump, and whether devices came or went during it.
func (a *agent) try(command uint8, attrs []byte) ([]genetlink.Message, bool, error) {
	request := genetlink.Message{
		Header: genetlink.Header{Command: command, Version: a.family.Version},
		Data:   attrs,
	}
	_, err := a.requests.Send(request, a.family.ID, netlink.Request|netlink.Dump)
	if err != nil {
		return nil, false, err
	}
	answer, raw, err := a.requests.Receive()
	disturbed := false
	for _, m := range raw {
		disturbed = disturbed || m.Header.Flags&netlink.DumpInterrupted != 0
	}
	return answer, disturbed, err
}

func (a *agent) dump(command uint8, attrs []byte) (answer []genetlink.Message, err error) {
	disturbed := true
	for i := 0; i < attempts && disturbed && err == nil; i++ {
		answer, disturbed, err = a.try(command, attrs)
	}
	return
}

func (a *agent) learnReasons() error {
	answer, err := a.dump(cmdReasonGet, nil)
	if err != nil {
		return err
	}
	a.reasons = map[uint32]string{}
	for _, m := range answer {
		attrs, err := netlink.NewAttributeDecoder(m.Data)
		if err != nil {
			return err
		}
		id, name := uint32(0), ""
		for attrs.Next() {
			switch attrs.Type() {
			case reasonID:
				id = attrs.Uint32()
			case reasonName:
				name = attrs.String()
			}
		}
		a.reasons[id] = name
	}
	return nil
}

// A socket for requests and one for events, which has joined the group before
// the first dump, so that no device is missed in between.
func (a *agent) open() (err error) {
	if a.requests, err = genetlink.Dial(nil); err != nil {
		return err
	}
	if a.events, err = genetlink.Dial(nil); err != nil {
		return err
	}
	a.family, err = a.requests.GetFamily("tapdrop")
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("the kernel has no tapdrop family")
	}
	if err != nil {
		return err
	}
	for _, group := range a.family.Groups {
		if err = a.events.JoinGroup(group.ID); err != nil {
			return err
		}
	}
	return a.learnReasons()
}

func (a *agent) close() {
	for _, conn := range []*genetlink.Conn{a.requests, a.events} {
		if conn != nil {
			conn.Close()
		}
	}
	a.requests, a.events = nil, nil
}

func (a *agent) look() error {
	if a.requests == nil {
		if err := a.open(); err != nil {
			return err
		}
	}
	attrs := netlink.NewAttributeEncoder()
	attrs.Uint32(statsScope, scopeQueue)
	wanted, err := attrs.Encode()
	if err != nil {
		return err
	}
	answer, err := a.dump(cmdStatsGet, wanted)
	if err != nil {
		return err
	}
	for _, one := range answer {
		m, err := decode(one.Data)
		if err != nil {
			return err
		}
		a.note(m)
	}
	return nil
}

// Take the events of an interval. One without queue-id ends a set.
func (a *agent) listen(interval time.Duration) error {
	a.events.SetReadDeadline(time.Now().Add(interval))
	for {
		events, _, err := a.events.Receive()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, event := range events {
			m, err := decode(event.Data)
			if err != nil {
				return err
			}
			a.note(m)
			if event.Header.Command == cmdDelNtf && m.queue == "none" {
				a.forget(m.ifindex)
			}
		}
	}
}

func number(index, otherwise int) int {
	if index < len(os.Args) {
		if n, err := strconv.Atoi(os.Args[index]); err == nil {
			return n
		}
	}
	return otherwise
}

func main() {
	interval := time.Duration(number(1, 1000)) * time.Millisecond
	a := &agent{names: map[uint32]string{}, counters: map[key]uint64{}}

	for looks := number(2, -1); looks != 0; looks-- {
		err := a.look()
		if err == nil {
			err = a.listen(interval)
		}
		if err != nil { // perhaps the module is not there
			fmt.Fprintf(os.Stderr, "agent: %v\n", err)
			a.close()
			time.Sleep(interval)
		}
	}
}
