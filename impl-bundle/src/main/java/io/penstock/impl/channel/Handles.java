// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Datagrams;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Handle;
import io.penstock.channel.HandleFactory;
import io.penstock.channel.HandleKind;
import io.penstock.channel.HandlePair;
import io.penstock.channel.Listener;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.HandleLimitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.StreamClosedException;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.engine.Scope;
import io.penstock.impl.posix.Descriptor;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.PathAnchor;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.SocketNumber;
import io.penstock.spi.Anchor;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.IntConsumer;

/** Makes handles, and channels of handles, and keeps them for the caller. */
final class Handles implements HandleFactory {
  private static final System.Logger LOG = Messages.log("channel");
  private static final int FILE_MODE = 0666;

  private static final Set<StandardOpenOption> KNOWN =
      EnumSet.of(
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.APPEND,
          StandardOpenOption.CREATE,
          StandardOpenOption.CREATE_NEW,
          StandardOpenOption.TRUNCATE_EXISTING);

  private final Engine engine;
  private final Scope scope;
  private final Natives natives;

  Handles(Engine engine, Scope scope, Natives natives) {
    this.engine = engine;
    this.scope = scope;
    this.natives = natives;
  }

  /** What makes native calls. */
  Posix calls(String stream, String operation) throws NotSupportedException {
    return natives.access().calls(stream, operation);
  }

  /** A folder as an anchor; empty where that takes more than there is. */
  Optional<Anchor> anchor(Path folder) throws IOException {
    Posix calls = natives.access().calls();
    return calls == null ? Optional.empty() : PathAnchor.of(calls, folder);
  }

  /** A handle that is closed with the scope. */
  Owned keep(Descriptor descriptor) {
    Owned handle = new Owned(descriptor);
    scope.add(handle);
    return handle;
  }

  // ---- what is no channel of ours

  @Override
  public Handle of(NetworkChannel socket) throws IOException {
    if (!(socket instanceof DatagramChannel
        || socket instanceof SocketChannel
        || socket instanceof ServerSocketChannel)) {
      throw new IllegalArgumentException(
          "a "
              + socket.getClass().getName()
              + " has no handle; expected a DatagramChannel, SocketChannel or"
              + " ServerSocketChannel of the JDK's");
    }
    if (!socket.isOpen()) {
      throw new ClosedChannelException();
    }
    if (((SelectableChannel) socket).isBlocking()) {
      throw new IllegalArgumentException(
          "the socket is in blocking mode; expected configureBlocking(false), as its peer will find"
              + " it in that mode");
    }
    if (socket.getLocalAddress() == null) {
      throw new IllegalArgumentException("the socket is not bound; expected one that is");
    }
    return keep(SocketNumber.descriptor(socket, calls("handle", "the descriptor of a socket")));
  }

  @Override
  public Handle file(Path path, OpenOption... options) throws IOException {
    Posix calls = calls(path.toString(), "opening a file as a handle");
    int flags = flags(options);
    ByteBuffer name = StandardCharsets.UTF_8.encode(path + "\0");
    ByteBuffer memory = ByteBuffer.allocateDirect(name.remaining()).put(name);
    int fd = calls.with(memory, at -> calls.open(at, flags, FILE_MODE));
    if (fd < 0) {
      throw refused(path.toString(), fd);
    }
    return keep(new Descriptor(calls, fd));
  }

  private static IOException refused(String path, int result) {
    IOException cause = Linux.failure("open", result);
    if (Linux.isLimit(result)) {
      return limit("open", result);
    }
    String text = String.valueOf(cause.getMessage());
    return switch (-result) {
      case Linux.ENOENT, Linux.ENOTDIR, Linux.ENXIO ->
          new AddressException(Kind.NOT_FOUND, path, text, cause);
      case Linux.EACCES, Linux.EPERM, Linux.EROFS ->
          new AddressException(Kind.ACCESS, path, text, cause);
      case Linux.EEXIST -> new AddressException(Kind.IN_USE, path, text, cause);
      case Linux.ENAMETOOLONG -> new AddressException(Kind.NAME_TOO_LONG, path, text, cause);
      default -> new AddressException(Kind.INVALID, path, text, cause);
    };
  }

  private static HandleLimitException limit(String call, int result) {
    IOException cause = Linux.failure(call, result);
    return new HandleLimitException(
        "handle", "it cannot be made for want of descriptors: " + cause.getMessage(), 0, cause);
  }

  private static int flags(OpenOption... options) {
    EnumSet<StandardOpenOption> asked = EnumSet.noneOf(StandardOpenOption.class);
    for (OpenOption option : options) {
      if (!(option instanceof StandardOpenOption known) || !KNOWN.contains(known)) {
        throw new IllegalArgumentException(
            option + " is not allowed; expected some of " + new TreeSet<>(KNOWN));
      }
      asked.add(known);
    }
    boolean writes =
        asked.contains(StandardOpenOption.WRITE) || asked.contains(StandardOpenOption.APPEND);
    boolean reads = !writes || asked.contains(StandardOpenOption.READ);
    int flags = Linux.O_CLOEXEC | Linux.O_NOCTTY | Linux.O_NONBLOCK;
    flags |= writes ? (reads ? Linux.O_RDWR : Linux.O_WRONLY) : Linux.O_RDONLY;
    if (asked.contains(StandardOpenOption.APPEND)) {
      flags |= Linux.O_APPEND;
    }
    if (writes && asked.contains(StandardOpenOption.CREATE)) {
      flags |= Linux.O_CREAT;
    }
    if (writes && asked.contains(StandardOpenOption.CREATE_NEW)) {
      flags |= Linux.O_CREAT | Linux.O_EXCL;
    }
    if (writes && asked.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
      flags |= Linux.O_TRUNC;
    }
    return flags;
  }

  @Override
  public HandlePair pipe() throws IOException {
    Posix calls = calls("handle", "a pipe of the system's");
    ByteBuffer numbers = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
    int result = calls.with(numbers, at -> calls.pipe2(at, Linux.O_CLOEXEC | Linux.O_NONBLOCK));
    if (Linux.isLimit(result)) {
      throw limit("pipe2", result);
    }
    Linux.check("pipe2", result);
    Descriptor source;
    try {
      source = new Descriptor(calls, numbers.getInt(0));
    } catch (IOException | RuntimeException | Error e) {
      calls.close(numbers.getInt(4));
      throw e;
    }
    try {
      Descriptor sink = new Descriptor(calls, numbers.getInt(4));
      return new HandlePair(keep(source), keep(sink));
    } catch (IOException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  // ---- channels of handles

  private ChannelOptions checked(ChannelOptions options) {
    for (String key : options.extra().keySet()) {
      if (!natives.opener().optionKeys().contains(key)) {
        SortedSet<String> all = new TreeSet<>(natives.opener().optionKeys());
        all.addAll(ChannelOptions.COMMON_KEYS);
        throw new IllegalArgumentException(
            "option '" + key + "' is unknown to handles, which know " + String.join(", ", all));
      }
    }
    return options;
  }

  private Channel channel(Descriptor descriptor, ChannelOptions options) throws IOException {
    Origin origin = origin(natives.opener().endpoint(descriptor));
    ChannelContext context = new ChannelContext(origin, checked(options));
    DrivenChannel channel = new DrivenChannel(context);
    channel.attach(natives.opener().channel(descriptor, options, context));
    origin.besides().keep(channel);
    return channel;
  }

  private Origin origin(Endpoint endpoint) {
    return new Origin(endpoint, engine, this, Keeping.in(scope));
  }

  private Listener listener(Descriptor descriptor, ChannelOptions options) throws IOException {
    ListenerDriver driver = natives.opener().listener(descriptor, checked(options));
    return ChannelAcceptor.listen(
        origin(driver.endpoint()), driver, options, () -> options, accepted -> {});
  }

  private static void closeQuietly(AutoCloseable thing) {
    try {
      thing.close();
    } catch (Exception e) {
      LOG.log(Level.WARNING, "{0}: closing failed", thing, e);
    }
  }

  private Datagrams datagrams(Descriptor descriptor) throws IOException {
    UdpSocket socket = UdpSocket.of(descriptor, engine);
    scope.add(socket, "UDP socket", () -> closeQuietly(socket));
    socket.onClose(() -> scope.remove(socket));
    return socket;
  }

  /** A descriptor in somebody's hand. */
  final class Owned implements Handle, Scope.Member {
    private final Descriptor descriptor;

    private Owned(Descriptor descriptor) {
      this.descriptor = descriptor;
    }

    Descriptor descriptor() {
      return descriptor;
    }

    /** Makes something of a descriptor. */
    private interface Opening<T> {
      T of(Descriptor descriptor) throws IOException;
    }

    private <T> T open(Opening<T> opening) throws IOException {
      boolean usedUp = true;
      try {
        if (!descriptor.isOpen()) {
          throw new ClosedChannelException();
        }
        return opening.of(descriptor);
      } catch (HandleLimitException | NotSupportedException | IllegalArgumentException e) {
        usedUp = false;
        throw e;
      } catch (ClosedChannelException e) {
        throw new StreamClosedException("handle of " + kind());
      } finally {
        if (usedUp) {
          close();
        }
      }
    }

    @Override
    public HandleKind kind() {
      return descriptor.kind();
    }

    @Override
    public boolean isOpen() {
      return descriptor.isOpen();
    }

    @Override
    public Channel channel(ChannelOptions options) throws IOException {
      return open(own -> Handles.this.channel(own, options));
    }

    @Override
    public Listener listener(ChannelOptions options) throws IOException {
      return open(own -> Handles.this.listener(own, options));
    }

    @Override
    public Datagrams datagrams() throws IOException {
      return open(Handles.this::datagrams);
    }

    @Override
    public void lend(IntConsumer use) throws IOException {
      try {
        int unused =
            descriptor.call(
                fd -> {
                  use.accept(fd);
                  return 0;
                });
      } catch (ClosedChannelException e) {
        throw new StreamClosedException("handle of " + kind());
      }
    }

    @Override
    public void close() {
      descriptor.close();
      scope.remove(this);
    }

    @Override
    public String describe() {
      return "handle of " + kind();
    }

    @Override
    public void closeNow() {
      descriptor.close();
    }

    @Override
    public String toString() {
      return describe() + (isOpen() ? "" : " (closed)");
    }
  }

  /** The descriptors of handles of ours. */
  static List<Descriptor> descriptors(List<Handle> handles) {
    return handles.stream().map(Handles::descriptor).toList();
  }

  private static Descriptor descriptor(Handle handle) {
    if (handle instanceof Owned owned) {
      return owned.descriptor();
    }
    throw new IllegalArgumentException(
        "a " + handle.getClass().getName() + " is no handle of this product");
  }
}
