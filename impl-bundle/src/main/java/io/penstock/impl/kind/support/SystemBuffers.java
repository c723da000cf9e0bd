// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** The system's buffers of a channel, whatever they are. */
public final class SystemBuffers implements BufferFacet {
  /** One buffer. */
  public interface Buffer {
    /** Its size in bytes. */
    int size() throws IOException;

    /** Asks for another. */
    void resize(int bytes) throws IOException;
  }

  private static final Logger LOG = Messages.log("kind");

  private final String name;
  private final @Nullable Buffer input;
  private final @Nullable Buffer output;

  /**
   * Knows the buffers.
   *
   * @param name of the channel, for errors
   * @param input what is read from; null for a channel that cannot be read
   * @param output what is written to; null for a channel that cannot be written
   */
  public SystemBuffers(String name, @Nullable Buffer input, @Nullable Buffer output) {
    this.name = name;
    this.input = input;
    this.output = output;
  }

  /** Those of a socket of the JDK's. */
  public static SystemBuffers of(String name, SocketChannel socket) {
    return new SystemBuffers(
        name,
        new JdkSocket(socket, StandardSocketOptions.SO_RCVBUF),
        new JdkSocket(socket, StandardSocketOptions.SO_SNDBUF));
  }

  /** Those of an adopted socket. */
  public static SystemBuffers ofSocket(String name, Adopted socket) {
    return new SystemBuffers(
        name,
        new AdoptedSocket(socket, Linux.SO_RCVBUF),
        new AdoptedSocket(socket, Linux.SO_SNDBUF));
  }

  /** That of an adopted pipe, which is the same for both of its ends. */
  public static SystemBuffers ofPipe(String name, Adopted pipe) {
    AdoptedPipe buffer = new AdoptedPipe(pipe);
    return new SystemBuffers(
        name, pipe.input() == null ? null : buffer, pipe.output() == null ? null : buffer);
  }

  /**
   * Asks for the sizes that the options ask for, of those buffers that are there. A pipe that this
   * user may not enlarge as much, or that has more in it, stays as it is.
   */
  public void apply(ChannelOptions options) throws IOException {
    applyInput(options);
    applyOutput(options);
  }

  /** The same for what is read from only. */
  public void applyInput(ChannelOptions options) throws IOException {
    if (options.receiveBuffer() > 0 && input != null) {
      ask(input, options.receiveBuffer());
    }
  }

  /** The same for what is written to only. */
  public void applyOutput(ChannelOptions options) throws IOException {
    if (options.sendBuffer() > 0 && output != null) {
      ask(output, options.sendBuffer());
    }
  }

  private void ask(Buffer buffer, int bytes) throws IOException {
    try {
      buffer.resize(bytes);
    } catch (RefusedException e) {
      LOG.log(Level.DEBUG, "{0}: its buffer stays as it is", name, e);
    }
  }

  /** A pipe keeps its size. */
  private static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(IOException failure) {
      super(failure.getMessage(), failure);
    }
  }

  /**
   * Passes on what the system has answered when a pipe was to have another size.
   *
   * @param result not negative, or {@code -errno}
   * @return the same
   * @throws IOException if it has refused
   */
  public static int resized(int result) throws IOException {
    if (result == -Linux.EPERM || result == -Linux.EBUSY) {
      throw new RefusedException(Linux.failure("fcntl", result));
    }
    return Linux.check("fcntl", result);
  }

  @Override
  public int receiveBuffer() throws IOException {
    return size(there(input, "the size of a receive buffer"));
  }

  @Override
  public int receiveBuffer(int bytes) throws IOException {
    return resize(there(input, "the size of a receive buffer"), bytes);
  }

  @Override
  public int sendBuffer() throws IOException {
    return size(there(output, "the size of a send buffer"));
  }

  @Override
  public int sendBuffer(int bytes) throws IOException {
    return resize(there(output, "the size of a send buffer"), bytes);
  }

  private Buffer there(@Nullable Buffer buffer, String what) throws NotSupportedException {
    if (buffer == null) {
      throw new NotSupportedException(name, what, "the channel goes the other way");
    }
    return buffer;
  }

  private int size(Buffer buffer) throws IOException {
    try {
      return buffer.size();
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    } catch (IOException e) {
      throw new IOException(name + ": " + Failures.reason(e), e);
    }
  }

  private int resize(Buffer buffer, int bytes) throws IOException {
    if (bytes < 1) {
      throw new IllegalArgumentException("'" + bytes + "' is not more than zero");
    }
    try {
      buffer.resize(bytes);
      return buffer.size();
    } catch (ClosedChannelException e) {
      throw new StreamClosedException(name);
    } catch (IOException e) {
      throw new IOException(name + ": " + Failures.reason(e), e);
    }
  }

  private record JdkSocket(SocketChannel socket, SocketOption<Integer> option) implements Buffer {
    @Override
    public int size() throws IOException {
      return socket.getOption(option);
    }

    @Override
    public void resize(int bytes) throws IOException {
      socket.setOption(option, bytes);
    }
  }

  private record AdoptedSocket(Adopted socket, int option) implements Buffer {
    /** What Linux keeps for itself of each. */
    private static final int OVERHEAD = 2;

    @Override
    public int size() throws IOException {
      return Linux.check("getsockopt", socket.option(Linux.SOL_SOCKET, option)) / OVERHEAD;
    }

    @Override
    public void resize(int bytes) throws IOException {
      ByteBuffer value =
          ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder()).putInt(0, bytes);
      Posix calls = socket.calls();
      Linux.check(
          "setsockopt",
          calls.with(
              value,
              at -> socket.call(fd -> calls.setsockopt(fd, Linux.SOL_SOCKET, option, at, 4))));
    }
  }

  private record AdoptedPipe(Adopted pipe) implements Buffer {
    @Override
    public int size() throws IOException {
      return Linux.check("fcntl", pipe.call(fd -> pipe.calls().fcntl(fd, Linux.F_GETPIPE_SZ, 0)));
    }

    @Override
    public void resize(int bytes) throws IOException {
      int unused = resized(pipe.call(fd -> pipe.calls().fcntl(fd, Linux.F_SETPIPE_SZ, bytes)));
    }
  }
}
