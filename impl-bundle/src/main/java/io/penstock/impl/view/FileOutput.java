// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.stream.ByteSink;
import io.penstock.stream.FileMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** The writing half of a file, and what it holds back. */
final class FileOutput {
  private final ByteSink sink;
  private final int size;
  private final boolean lines;
  private final AtomicLong position;
  private final OneAtATime guard;
  private Gathered held = new Gathered();

  FileOutput(ByteSink sink, int buffer, boolean lines, AtomicLong position) {
    this.sink = sink;
    this.lines = lines;
    this.size = lines && buffer == 0 ? FileMode.DEFAULT_BUFFER : buffer;
    this.position = position;
    this.guard = new OneAtATime("a file of " + sink.name());
  }

  void begin() {
    guard.enter();
  }

  boolean tryBegin() {
    return guard.tryEnter();
  }

  void end() {
    guard.exit();
  }

  void endStream() throws IOException {
    sink.end();
  }

  void write(ByteBuffer data) throws IOException {
    if (size == 0) {
      send(data);
      return;
    }
    if (held.size() >= size) {
      // What an earlier failure has left goes first, so that failures do not add up.
      flush();
    }
    int newline = lines ? lastNewline(data) : -1;
    if (newline >= 0) {
      held.add(data.slice(data.position(), newline + 1 - data.position()));
      data.position(newline + 1);
      try {
        flush();
      } finally {
        // Accepted, whether what comes before it could be sent or not.
        held.add(data);
      }
    } else {
      held.add(data);
    }
    if (held.size() >= size) {
      flush();
    }
  }

  private static int lastNewline(ByteBuffer data) {
    for (int i = data.limit() - 1; i >= data.position(); i--) {
      if (data.get(i) == '\n') {
        return i;
      }
    }
    return -1;
  }

  void flush() throws IOException {
    if (held.size() == 0) {
      return;
    }
    ByteBuffer bytes = held.bytes();
    try {
      send(bytes);
    } finally {
      Gathered rest = new Gathered();
      rest.add(bytes);
      held = rest;
    }
  }

  private void send(ByteBuffer bytes) throws IOException {
    int before = bytes.position();
    try {
      sink.writeFully(bytes, sink.writeWait());
    } finally {
      position.addAndGet(bytes.position() - before);
    }
  }
}
