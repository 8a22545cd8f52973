"""Writes events.tfevents, with TensorBoard's own messages and writer; and prints the events of a file that is given.

    pip install tensorboard==2.21.0; python record-events.py [FILE]
"""

import os
import sys

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def main():
    if len(sys.argv) > 1:
        for event in LegacyEventFileLoader(sys.argv[1]).Load():
            print(event)
        return
    path = os.path.join(os.path.dirname(__file__), "events.tfevents")
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    summary = summary_pb2.Summary(
        value=[
            summary_pb2.Summary.Value(tag="loss", simple_value=0.0125),
            summary_pb2.Summary.Value(tag="psnr", simple_value=30.5),
        ]
    )
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for event in [
            event_pb2.Event(wall_time=1.5e9, file_version="brain.Event:2"),
            event_pb2.Event(wall_time=1.5e9 + 0.25, step=300, session_log=start),
            event_pb2.Event(wall_time=1.5e9 + 1, step=70000, summary=summary),
        ]:
            writer.write(event.SerializeToString())


main()
