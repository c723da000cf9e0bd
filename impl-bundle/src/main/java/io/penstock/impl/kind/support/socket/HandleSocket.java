// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support.socket;

import io.penstock.channel.Capability;
import io.penstock.channel.facet.BufferFacet;
import io.penstock.error.HandleLimitException;
import io.penstock.impl.kind.support.selectable.Bounded;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Arrivals;
import io.penstock.impl.posix.Cargo;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Message;
import io.penstock.impl.posix.Posix;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.lang.ref.Reference;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket whose bytes come and go with descriptors.
 *
 * <p>The system hands descriptors over with the first read that has one of their bytes, and ends
 * that read with the last one; what it read before them it does not tell. So each read looks first,
 * and reads up to the bytes of descriptors or from their first on.
 */
final class HandleSocket implements StreamSocket {
  /** More than the system sends in one piece. */
  private static final int STAGE = 128 * 1024;

  /** What would have the system tell more than descriptors, if another user has asked for it. */
  private static final int[] TELLING = {
    Linux.SO_PASSCRED, Linux.SO_PASSSEC, Linux.SO_PASSPIDFD,
  };

  private final String name;
  private final Adopted socket;
  private final AdoptedSocket stream;
  private final Arrivals arrivals;
  private final Receiver input;
  private @Nullable Message outgoing;

  HandleSocket(String name, Adopted socket) throws IOException {
    this.name = name;
    this.socket = socket;
    this.stream = new AdoptedSocket(socket);
    this.arrivals = new Arrivals(name);
    this.input = new Receiver();
    ByteBuffer off = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());
    Posix calls = socket.calls();
    for (int option : TELLING) {
      if (socket.option(Linux.SOL_SOCKET, option) > 0) {
        Linux.check(
            "setsockopt",
            calls.with(
                off,
                at -> socket.call(fd -> calls.setsockopt(fd, Linux.SOL_SOCKET, option, at, 4))));
      }
    }
  }

  @Override
  public ReadableByteChannel input() {
    return input;
  }

  @Override
  public WritableByteChannel output() {
    return stream.output();
  }

  @Override
  public SelectableChannel readable() {
    return stream.readable();
  }

  @Override
  public SelectableChannel writable() {
    return stream.writable();
  }

  @Override
  public boolean isOpen() {
    return stream.isOpen();
  }

  @Override
  public void shutdownOutput() throws IOException {
    stream.shutdownOutput();
  }

  @Override
  public void reset() throws IOException {
    stream.reset();
  }

  @Override
  public void close() throws IOException {
    try {
      stream.close();
    } finally {
      arrivals.close();
    }
  }

  @Override
  public void drain(ProviderContext context) throws IOException {
    // A plain read has the system close what comes along.
    stream.drain(context);
  }

  @Override
  public @Nullable SocketAddress local() throws IOException {
    return stream.local();
  }

  @Override
  public @Nullable SocketAddress peer() throws IOException {
    return stream.peer();
  }

  @Override
  public Set<Capability> capabilities() {
    Set<Capability> all = new HashSet<>(stream.capabilities());
    all.add(Capability.HANDLES);
    return all;
  }

  @Override
  public <T> Optional<T> facet(String channel, Class<T> type) {
    return stream.facet(channel, type);
  }

  @Override
  public @Nullable BufferFacet growable(String channel) {
    return stream.growable(channel);
  }

  @Override
  public Descriptor duplicate(Posix calls) throws IOException {
    return stream.duplicate(calls);
  }

  @Override
  public void detach() {
    stream.detach();
  }

  @Override
  public Arrivals arrivals() {
    return arrivals;
  }

  @Override
  public boolean hasStaged() {
    return input.staged != null;
  }

  @Override
  public int send(ByteBuffer src, Cargo cargo) throws IOException {
    Posix calls = socket.calls();
    Message message = outgoing;
    if (message == null) {
      message = new Message(calls);
      outgoing = message;
    }
    int length = Math.min(src.remaining(), Bounded.PIECE);
    ByteBuffer direct = src;
    if (!src.isDirect()) {
      direct = ByteBuffer.allocateDirect(length).put(0, src, src.position(), length);
    }
    int n;
    try {
      do {
        n = cargo.send(socket, message, calls.address(direct) + direct.position(), length);
      } while (n == -Linux.EINTR);
    } finally {
      Reference.reachabilityFence(direct);
    }
    if (n == -Linux.EAGAIN) {
      return 0;
    }
    if (Linux.isLimit(n)) {
      IOException cause = Linux.failure("sendmsg", n);
      throw new HandleLimitException(
          name, "no handle can be sent now: " + cause.getMessage(), 0, cause);
    }
    Linux.check("sendmsg", n);
    src.position(src.position() + n);
    return n;
  }

  /** Reads. */
  private final class Receiver implements ReadableByteChannel {
    /** Held for calls that do not wait: the closer drops what is there while a reader reads. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Posix calls = socket.calls();
    private final Message message = new Message(calls);

    /** Memory of ours, made when it is first needed. */
    private @Nullable ByteBuffer stage;

    /** Bytes with descriptors that were received and not read; null for none. */
    private volatile @Nullable ByteBuffer staged;

    /** How many bytes are there that are known to come without descriptors. */
    private int plain;

    /** How many bytes were received. */
    private long position;

    @Override
    public int read(ByteBuffer dst) throws IOException {
      lock.lock();
      try {
        return receive(dst);
      } finally {
        lock.unlock();
      }
    }

    private int receive(ByteBuffer dst) throws IOException {
      ByteBuffer there = staged;
      if (there != null) {
        return unstage(there, dst);
      }
      if (plain == 0) {
        int n = look(dst);
        if (n <= 0) {
          return n;
        }
        if (message.lacksDescriptors() && !lookForPlain()) {
          return receiveStaged(dst);
        }
      }
      return receivePlain(dst);
    }

    private ByteBuffer stage() {
      ByteBuffer present = stage;
      if (present == null) {
        present = ByteBuffer.allocateDirect(STAGE);
        stage = present;
      }
      return present;
    }

    /** Has the bytes land in the buffer if the system can reach it, or else in ours. */
    private int into(ByteBuffer dst, Posix.Use<IOException> call) throws IOException {
      return dst.isDirect()
          ? calls.with(dst, at -> call.by(at + dst.position()))
          : calls.with(stage(), call);
    }

    private int most(ByteBuffer dst) {
      return Math.min(dst.remaining(), Bounded.PIECE);
    }

    /** Returns -1 at the end, 0 for nothing now. */
    private int look(ByteBuffer dst) throws IOException {
      int length = most(dst);
      int n = into(dst, at -> result(socket.call(fd -> message.look(fd, at, length))));
      if (n > 0) {
        plain = n;
      }
      return n;
    }

    /** Somewhere there are descriptors. Returns whether there are bytes before theirs. */
    private boolean lookForPlain() throws IOException {
      ByteBuffer memory = stage();
      int there = result(calls.with(memory, at -> socket.call(fd -> message.look(fd, at, STAGE))));
      if (there <= 1) {
        plain = 0;
        return false;
      }
      int before =
          calls.with(memory, at -> socket.call(fd -> message.lookBeforeLast(fd, at, there)));
      plain = before == -Linux.EFAULT || before >= there ? 0 : result(before);
      return plain > 0;
    }

    private int receivePlain(ByteBuffer dst) throws IOException {
      int length = Math.min(most(dst), plain);
      int n = into(dst, at -> receive(at, length));
      if (n > 0) {
        plain -= n;
        take(n);
        if (dst.isDirect()) {
          dst.position(dst.position() + n);
        } else {
          dst.put(stage().clear().limit(n));
        }
      } else {
        plain = 0;
      }
      return n;
    }

    private int receiveStaged(ByteBuffer dst) throws IOException {
      ByteBuffer memory = stage();
      int n = calls.with(memory, at -> receive(at, STAGE));
      if (n <= 0) {
        return n;
      }
      take(n);
      ByteBuffer there = memory.clear().limit(n);
      staged = there;
      return unstage(there, dst);
    }

    private int unstage(ByteBuffer there, ByteBuffer dst) {
      int n = Math.min(there.remaining(), dst.remaining());
      int limit = there.limit();
      dst.put(there.limit(there.position() + n));
      there.limit(limit);
      if (!there.hasRemaining()) {
        staged = null;
      }
      return n;
    }

    private int receive(long memory, int length) throws IOException {
      return result(socket.call(fd -> message.receive(fd, memory, length)));
    }

    /** Counts bytes that were received, and takes over what came along. */
    private void take(int n) {
      long from = position;
      position += n;
      List<Integer> numbers = message.received();
      boolean lacking = message.lacksDescriptors();
      if (numbers.isEmpty() && !lacking) {
        return;
      }
      List<Descriptor> all = new ArrayList<>();
      String why = lacking ? "for want of descriptors" : null;
      for (int number : numbers) {
        try {
          all.add(new Descriptor(calls, number));
        } catch (IOException e) {
          why = "because the system does not tell what they are: " + e.getMessage();
        }
      }
      arrivals.add(from, n, all, why);
    }

    private int result(int n) throws IOException {
      if (n == -Linux.EAGAIN || n == -Linux.EINTR) {
        return 0;
      }
      return Linux.check("recvmsg", n) == 0 ? -1 : n;
    }

    @Override
    public boolean isOpen() {
      return HandleSocket.this.isOpen();
    }

    @Override
    public void close() throws IOException {
      HandleSocket.this.close();
    }
  }
}
