// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.stdio;

import io.penstock.impl.kind.support.AbortableSink;
import io.penstock.impl.kind.support.AbortableSource;
import io.penstock.impl.kind.support.SystemBuffers;
import io.penstock.impl.kind.support.blocking.InputPump;
import io.penstock.impl.kind.support.blocking.OutputPump;
import io.penstock.impl.kind.support.ready.FileSink;
import io.penstock.impl.kind.support.ready.FileSource;
import io.penstock.impl.kind.support.selectable.DescriptorDriver;
import io.penstock.impl.kind.support.selectable.Nature;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.FileKind;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.EndDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reaches standard input and output so that programs that share them notice nothing. With native
 * calls no thread is needed: a pipe and a terminal are opened again, in a non-blocking mode of
 * their own; a socket, which cannot be, is read and written by calls that each say that they do not
 * wait; a file is always ready. What cannot be opened again has a thread, as everything has without
 * native calls.
 */
final class StandardStreams {
  private static final Logger LOG = Messages.log("stdio");
  private static final int INPUT = 0;
  private static final int OUTPUT = 1;

  /**
   * Standard input or output.
   *
   * @param driver reads or writes it
   * @param buffers of the system, if it is a pipe or a socket and we may ask
   */
  record Standard<D extends EndDriver>(D driver, Optional<SystemBuffers> buffers) {}

  private final ProviderContext context;

  StandardStreams(ProviderContext context) {
    this.context = context;
  }

  Standard<AbortableSource> input(@Nullable Posix calls) throws IOException {
    if (calls != null) {
      switch (FileKind.of(INPUT)) {
        case FIFO, TERMINAL -> {
          DescriptorDriver again = reopened(calls, INPUT, Linux.O_RDONLY);
          if (again != null) {
            return new Standard<>(Objects.requireNonNull(again.source()), again.buffers());
          }
        }
        case SOCKET -> {
          if (isStream(calls, INPUT)) {
            Adopted socket = Carrier.open(calls).share(INPUT, true);
            return new Standard<>(new SharedInput(socket, context), ofSocket(socket));
          }
        }
        case FILE, CHARACTER_DEVICE -> {
          if (!FileKind.isSelectable(calls, INPUT)) {
            FileSource file = new FileSource(context.name(), FileDescriptor.in);
            return new Standard<>(file, Optional.empty());
          }
        }
        default -> {}
      }
    }
    InputPump pump = new InputPump(context.name(), "penstock-stdin", new StandardInput());
    return new Standard<>(pump, Optional.empty());
  }

  Standard<AbortableSink> output(@Nullable Posix calls) throws IOException {
    // Closed by an end before, it is the null device, and the pump says so.
    if (calls != null && FileDescriptor.out.valid()) {
      switch (FileKind.of(OUTPUT)) {
        case FIFO, TERMINAL -> {
          DescriptorDriver again = reopened(calls, OUTPUT, Linux.O_WRONLY);
          if (again != null) {
            AbortableSink sink = new EndingSink(Objects.requireNonNull(again.sink()));
            return new Standard<>(sink, again.buffers());
          }
        }
        case SOCKET -> {
          if (isStream(calls, OUTPUT)) {
            Adopted socket = Carrier.open(calls).share(OUTPUT, false);
            AbortableSink sink = new EndingSink(new SharedOutput(socket, context));
            return new Standard<>(sink, ofSocket(socket));
          }
        }
        case FILE, CHARACTER_DEVICE -> {
          if (!FileKind.isSelectable(calls, OUTPUT)) {
            EndingSink file =
                new EndingSink(new FileSink(context.name(), FileDescriptor.out, "standard output"));
            return new Standard<>(file, Optional.empty());
          }
        }
        default -> {}
      }
    }
    OutputPump pump = new OutputPump(context.name(), "penstock-stdout", new StandardOutput());
    return new Standard<>(pump, Optional.empty());
  }

  private Optional<SystemBuffers> ofSocket(Adopted socket) {
    return Optional.of(SystemBuffers.ofSocket(context.name(), socket));
  }

  private static boolean isStream(Posix calls, int fd) throws IOException {
    return FileKind.option(calls, fd, Linux.SO_TYPE) == Linux.SOCK_STREAM
        && FileKind.option(calls, fd, Linux.SO_ACCEPTCONN) == 0;
  }

  /** Returns null where the system does not let us. */
  private @Nullable DescriptorDriver reopened(Posix calls, int number, int access)
      throws IOException {
    Nature nature = Nature.of(calls, number);
    int fd = FileKind.openAgain(calls, number, access);
    if (fd < 0) {
      // Somebody else's, or a FIFO that nobody reads any more.
      LOG.log(
          Level.DEBUG,
          "{0}: descriptor {1} cannot be opened again, a thread uses it as it is: {2}",
          context.name(),
          number,
          Linux.failure("open", fd).getMessage());
      return null;
    }
    Carrier carrier;
    try {
      carrier = Carrier.open(calls);
    } catch (IOException | RuntimeException | Error e) {
      calls.close(fd);
      throw e;
    }
    return new DescriptorDriver(carrier.adopt(fd), nature, context);
  }
}
