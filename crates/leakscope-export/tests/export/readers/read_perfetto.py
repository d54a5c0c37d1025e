"""Reads a Perfetto trace with the project's own descriptors, by the rules of its importer, and prints what is in it.

The importer drops without a word what does not keep to these rules; here it is an error.
"""

import json
import sys
from collections import Counter

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as proto

BOOTTIME, REALTIME, MONOTONIC_COARSE = 6, 1, 4


def table(packet_tables, known, field, attribute="iid"):
    """New entries of a table, none of which may be defined twice with another meaning."""
    for entry in getattr(packet_tables, field):
        iid = getattr(entry, attribute)
        assert iid > 0, f"{field}: numbers count from 1"
        assert known[field].get(iid, entry) == entry, f"{field}: {iid} is defined twice"
        known[field][iid] = entry


def main(path):
    trace = proto.Trace()
    data = open(path, "rb").read()
    assert trace.ParseFromString(data) == len(data), "not read to its end"
    # Fields that the descriptors do not know would be kept as unknown ones, and be lost here.
    trace.DiscardUnknownFields()
    assert len(trace.SerializeToString()) == len(data), "unknown fields"

    clocks = {clock.clock_id: clock.timestamp for clock in trace.packet[0].clock_snapshot.clocks}
    assert {BOOTTIME, REALTIME, MONOTONIC_COARSE} <= clocks.keys(), "clocks that cannot be converted"
    assert trace.packet[0].sequence_flags == proto.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED

    tables = ["event_names", "debug_annotation_names", "function_names", "source_paths", "mapping_paths", "build_ids",
              "mappings", "frames", "callstacks"]
    known = {field: {} for field in tables}
    tracks, open_slices, slices, instants, flows = {}, {}, Counter(), Counter(), {}
    ended, logs, live, index, dumps = 0, Counter(), [], 0, 0
    heap, names = {}, {}
    for packet in trace.packet:
        assert packet.trusted_packet_sequence_id == 1 and packet.sequence_flags in (1, 2)
        for field in tables:
            table(packet.interned_data, known, field)
        kind = packet.WhichOneof("data")
        if kind == "track_descriptor":
            descriptor = packet.track_descriptor
            assert descriptor.uuid not in tracks, "a track is described twice"
            assert not descriptor.parent_uuid or descriptor.parent_uuid in tracks
            tracks[descriptor.uuid] = descriptor
        elif kind == "track_event":
            event = packet.track_event
            assert packet.HasField("timestamp") and event.track_uuid in tracks
            stack = open_slices.setdefault(event.track_uuid, [])
            name = known["event_names"][event.name_iid].name if event.name_iid else None
            row = tracks[event.track_uuid].name
            if event.type == proto.TrackEvent.TYPE_SLICE_BEGIN:
                stack.append((name, packet.timestamp))
            elif event.type == proto.TrackEvent.TYPE_SLICE_END:
                what, begin = stack.pop()
                assert packet.timestamp >= begin, "a slice ends before it begins"
                slices[f"{row}: {what}"] += 1
            elif event.type == proto.TrackEvent.TYPE_COUNTER:
                if row == "bytes that live":
                    live.append(event.counter_value)
            else:
                instants[name] += 1
                assert not event.callstack_iid or event.callstack_iid in known["callstacks"]
                for annotation in event.debug_annotations:
                    assert annotation.name_iid in known["debug_annotation_names"]
                for flow in event.flow_ids:
                    flows[flow] = packet.timestamp
                for flow in event.terminating_flow_ids:
                    assert flows.pop(flow) <= packet.timestamp, "a block ends before it begins"
                    ended += 1
        elif kind == "android_log":
            for event in packet.android_log.events:
                logs[event.prio] += 1
        elif kind == "profile_packet":
            assert packet.profile_packet.index == index, "the importer counts a lost packet"
            index += 1
            for dump in packet.profile_packet.process_dumps:
                dumps += 1
                assert dump.timestamp == packet.timestamp and dump.heap_name and dump.sampling_interval_bytes == 1
                for sample in dump.samples:
                    now = (sample.self_allocated, sample.self_freed, sample.alloc_count, sample.free_count)
                    before = heap.get(sample.callstack_id, (0, 0, 0, 0))
                    assert all(a >= b for a, b in zip(now, before)), "the importer drops sums that fall"
                    heap[sample.callstack_id] = now
    assert not any(open_slices.values()), "slices that do not end"
    for frame in known["frames"].values():
        assert frame.mapping_id in known["mappings"] and frame.function_name_id in known["function_names"]
    for mapping in known["mappings"].values():
        assert mapping.build_id in known["build_ids"]
        assert all(path in known["mapping_paths"] for path in mapping.path_string_ids)

    def stack_name(iid):
        frames = [known["frames"][frame] for frame in known["callstacks"][iid].frame_ids]
        assert frames, "the importer drops empty stacks"
        return ";".join(known["function_names"][frame.function_name_id].str.decode() for frame in frames)

    outstanding, allocated = Counter(), Counter()
    for iid, (bytes_in, bytes_out, count_in, count_out) in heap.items():
        outstanding[stack_name(iid)] += bytes_in - bytes_out
        allocated[stack_name(iid)] += bytes_in
    sums = [sum(column) for column in zip(*heap.values())] or [0, 0, 0, 0]
    print(json.dumps({
        "packets": len(trace.packet), "dumps": dumps, "slices": slices, "instants": instants, "ended": ended,
        "flows_left": len(flows), "logs": sum(logs.values()), "errors": logs[6], "warnings": logs[5],
        "live_last": live[-1] if live else 0, "live_max": max(live, default=0),
        "heap": dict(zip(["allocated_bytes", "freed_bytes", "allocations", "frees"], sums)),
        "outstanding": {stack: size for stack, size in sorted(outstanding.items()) if size},
        "allocated": dict(sorted(allocated.items())),
        "tracks": sorted(track.name or "process" for track in tracks.values()),
    }))


main(sys.argv[1])
