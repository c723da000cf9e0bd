// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.error.BufferFullException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.stream.ByteFile;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.FileMode;
import io.penstock.stream.Newline;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A file over a source, a sink, or both. The two directions share nothing but the position and the
 * close.
 */
public final class FileView<L> implements ByteFile<L> {
  private final String name;
  private final FileMode<L> mode;
  private final @Nullable FileInput input;
  private final @Nullable FileOutput output;
  private final Closeable all;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicLong position = new AtomicLong();

  private FileView(
      String name,
      FileMode<L> mode,
      @Nullable ByteSource source,
      @Nullable Consumer<ByteBuffer> unread,
      @Nullable ByteSink sink,
      Closeable all) {
    this.name = name;
    this.mode = Objects.requireNonNull(mode, "mode");
    this.all = all;
    this.input =
        source == null || unread == null
            ? null
            : new FileInput(source, unread, mode.buffer(), mode.universalNewlines());
    this.output =
        sink == null ? null : new FileOutput(sink, mode.buffer(), mode.lineBuffering(), position);
  }

  /**
   * A file to read from.
   *
   * @param unread puts bytes back in front of the source; it copies them
   */
  public static <L> FileView<L> of(
      ByteSource source, Consumer<ByteBuffer> unread, FileMode<L> mode) {
    return new FileView<>(source.name(), mode, source, unread, null, source);
  }

  /** A file to write to. */
  public static <L> FileView<L> of(ByteSink sink, FileMode<L> mode) {
    return new FileView<>(sink.name(), mode, null, null, sink, sink);
  }

  /**
   * A file to read from and write to.
   *
   * @param unread puts bytes back in front of the source; it copies them
   * @param all closes what both are ends of
   */
  public static <L> FileView<L> of(
      String name,
      ByteSource source,
      Consumer<ByteBuffer> unread,
      ByteSink sink,
      FileMode<L> mode,
      Closeable all) {
    return new FileView<>(name, mode, source, unread, sink, all);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public FileMode<L> mode() {
    return mode;
  }

  // ---- reading

  /** A step of a read; what it gathered goes back when it throws. */
  private interface Read<T> {
    T from(FileInput input) throws IOException;
  }

  private <T> T reading(Read<T> read) throws IOException {
    checkOpen();
    FileInput from = input;
    if (from == null) {
      throw new NotSupportedException(
          name, "reading", "the file was made of a sink; make one of a source or a channel");
    }
    from.begin();
    boolean done = false;
    try {
      T result = read.from(from);
      done = true;
      return result;
    } finally {
      if (done) {
        position.addAndGet(from.passed());
      } else {
        from.restore();
      }
      from.end();
      if (closed.get()) {
        // Closed meanwhile by another thread, which left what was read ahead to us.
        finish(from);
      }
    }
  }

  private void checkOpen() throws StreamClosedException {
    if (closed.get()) {
      throw new StreamClosedException(name);
    }
  }

  private static void atLeast(long least, long value, String what) {
    if (value < least) {
      throw new IllegalArgumentException(
          what + " is " + value + ", expected " + least + " or more");
    }
  }

  @Override
  public @Nullable ByteBuffer read(int size) throws IOException {
    atLeast(0, size, "the size");
    ByteBuffer bytes =
        reading(
            from -> {
              from.gather(size);
              return from.bytes();
            });
    return size > 0 && !bytes.hasRemaining() ? null : bytes;
  }

  @Override
  public ByteBuffer readAll(long limit) throws IOException {
    atLeast(0, limit, "the limit");
    int max = (int) Math.min(limit, Integer.MAX_VALUE - 16);
    return reading(
        from -> {
          // One byte more than allowed tells too much from just enough.
          from.gather(max + 1);
          if (from.size() > max) {
            throw new BufferFullException(name, "there are more than " + max + " bytes", max);
          }
          return from.bytes();
        });
  }

  @Override
  public int readInto(ByteBuffer dst) throws IOException {
    if (dst.isReadOnly()) {
      throw new IllegalArgumentException("the destination is read-only");
    }
    int size = dst.remaining();
    return reading(
        from -> {
          from.gather(size);
          int n = from.size();
          if (n == 0 && size > 0) {
            return -1;
          }
          dst.put(from.bytes());
          return n;
        });
  }

  @Override
  public @Nullable L readLine() throws IOException {
    return line(Integer.MAX_VALUE);
  }

  @Override
  public @Nullable L readLine(int cap) throws IOException {
    atLeast(0, cap, "the cap");
    return line(cap);
  }

  private @Nullable L line(int cap) throws IOException {
    List<L> one = lines(cap, 1);
    return one.isEmpty() ? null : one.get(0);
  }

  @Override
  public List<L> readLines(long hint) throws IOException {
    atLeast(1, hint, "the hint");
    return lines(Integer.MAX_VALUE, hint);
  }

  /** Lines until their size reaches a hint; a line of no size at all is the last, too. */
  private List<L> lines(int cap, long hint) throws IOException {
    return reading(
        from -> {
          List<L> lines = new ArrayList<>();
          long size = 0;
          while (size < hint) {
            ByteBuffer line = from.line(cap);
            if (line == null) {
              break;
            }
            lines.add(mode.decode(line));
            if (cap == 0) {
              break;
            }
            size += line.limit();
          }
          return lines;
        });
  }

  @Override
  public Iterator<L> iterator() {
    return new LineIterator<>(this);
  }

  @Override
  public Set<Newline> newlines() {
    return input == null ? Set.of() : input.newlines();
  }

  // ---- writing

  /** A step of a write. */
  private interface Write {
    void to(FileOutput output) throws IOException;
  }

  private void writing(Write write) throws IOException {
    checkOpen();
    FileOutput to = output;
    if (to == null) {
      throw new NotSupportedException(
          name, "writing", "the file was made of a source; make one of a sink or a channel");
    }
    to.begin();
    try {
      write.to(to);
    } finally {
      to.end();
      if (closed.get()) {
        // Closed meanwhile by another thread, which left what is held to us.
        finish(to);
      }
    }
  }

  @Override
  public void write(ByteBuffer data) throws IOException {
    Objects.requireNonNull(data, "data");
    writing(to -> to.write(data));
  }

  @Override
  public void write(CharSequence text) throws IOException {
    Objects.requireNonNull(text, "text");
    write(mode.charset().orElse(StandardCharsets.UTF_8).newEncoder().encode(CharBuffer.wrap(text)));
  }

  @Override
  public void writeLines(Iterable<? extends L> lines) throws IOException {
    for (L line : lines) {
      write(mode.encode(line));
    }
  }

  @Override
  public void flush() throws IOException {
    writing(FileOutput::flush);
  }

  // ---- state

  @Override
  public boolean readable() {
    return input != null;
  }

  @Override
  public boolean writable() {
    return output != null;
  }

  @Override
  public long tell() {
    return position.get();
  }

  @Override
  public boolean isOpen() {
    return !closed.get();
  }

  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    IOException failed = null;
    try {
      if (input != null) {
        finish(input);
      }
      if (output != null) {
        finish(output);
      }
    } catch (IOException e) {
      failed = e;
    }
    try {
      closeBeyond();
    } catch (IOException e) {
      if (failed == null) {
        failed = e;
      } else {
        failed.addSuppressed(e);
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  private void closeBeyond() throws IOException {
    switch (mode.closing()) {
      case CLOSE_ALL -> all.close();
      case END_OUTPUT -> {
        if (output != null) {
          output.endStream();
        }
      }
      case FILE_ONLY -> {}
    }
  }

  private static void finish(FileInput input) {
    if (input.tryBegin()) {
      try {
        input.finish();
      } finally {
        input.end();
      }
    }
  }

  private static void finish(FileOutput output) throws IOException {
    if (output.tryBegin()) {
      try {
        output.flush();
      } finally {
        output.end();
      }
    }
  }

  @Override
  public String toString() {
    return "file of " + name + ", " + mode + (closed.get() ? " (closed)" : "");
  }
}
