// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.descriptor;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.kind.support.Failures;
import io.penstock.impl.kind.support.Options;
import io.penstock.impl.kind.support.selectable.DescriptorDriver;
import io.penstock.impl.kind.support.selectable.Nature;
import io.penstock.impl.kind.support.socket.AdoptedListener;
import io.penstock.impl.kind.support.socket.SocketDriver;
import io.penstock.impl.posix.Adopted;
import io.penstock.impl.posix.Carrier;
import io.penstock.impl.posix.FileKind;
import io.penstock.impl.posix.Linux;
import io.penstock.impl.posix.Posix;
import io.penstock.impl.posix.PosixAccess;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A descriptor of this process that somebody else has opened: a pipe, a FIFO, a terminal, a file or
 * a connected stream socket. It goes over to the channel, which closes it; so that nobody gives
 * away what is not theirs, such as a file of the virtual machine's, the option {@code own} must say
 * so.
 */
public final class DescriptorProvider implements ChannelProvider {
  private static final String SCHEME = "fd";
  private static final String OWN = "own";
  private static final String HANDLES = "handles";

  /** Closing those would leave their numbers to whatever is opened next. */
  private static final int STANDARD_STREAMS = 3;

  private final PosixAccess posix;

  /**
   * A provider.
   *
   * @param posix makes native calls
   */
  public DescriptorProvider(PosixAccess posix) {
    this.posix = posix;
  }

  @Override
  public Set<String> schemes() {
    return Set.of(SCHEME);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    return Set.of(OWN, HANDLES);
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    Plan unused = plan(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    Plan plan = plan(endpoint, options);
    CompletableFuture<ChannelDriver> result = new CompletableFuture<>();
    // The first native call of all takes a while.
    context.executor().execute(() -> open(plan, context, result));
    return result;
  }

  /** What to open. */
  private record Plan(int number, boolean handles, ChannelOptions options, String shown) {}

  private static Plan plan(Endpoint endpoint, ChannelOptions options) throws IOException {
    String shown = endpoint.anonymous().toString();
    int number = number(endpoint.address(), shown);
    if (!Options.flag(options, OWN, false)) {
      throw new IllegalArgumentException(
          shown
              + ": give the option own=true to say that descriptor "
              + number
              + " is yours to give away: it goes over to the channel, which closes it");
    }
    return new Plan(number, Options.flag(options, HANDLES, false), options, shown);
  }

  private void open(Plan plan, ProviderContext context, CompletableFuture<ChannelDriver> result) {
    String shown = plan.shown();
    try {
      ChannelDriver driver = open(posix.calls(shown, "adopting a descriptor"), plan, context);
      if (!result.complete(driver)) {
        driver.close();
      }
    } catch (NotSupportedException e) {
      result.completeExceptionally(e);
    } catch (IOException e) {
      result.completeExceptionally(Failures.address(shown, e));
    } catch (RuntimeException | Error e) {
      result.completeExceptionally(e);
    }
  }

  private static int number(String text, String shown) throws AddressException {
    int number;
    try {
      number = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new AddressException(
          Kind.INVALID, shown, "expected the number of a descriptor, such as fd:3", e);
    }
    if (number < STANDARD_STREAMS) {
      throw new AddressException(
          Kind.INVALID, shown, "expected a number from 3 on; standard streams are stdio:", null);
    }
    return number;
  }

  private ChannelDriver open(Posix calls, Plan plan, ProviderContext context) throws IOException {
    int number = plan.number();
    String shown = plan.shown();
    FileKind kind = FileKind.of(number);
    switch (kind) {
      case NONE ->
          throw new AddressException(
              Kind.NOT_FOUND, shown, "no descriptor of that number is open", null);
      case DIRECTORY -> throw new AddressException(Kind.INVALID, shown, "it is a directory", null);
      case SOCKET -> checkSocket(calls, number, shown);
      default -> checkAccess(calls, number, shown);
    }
    if (plan.handles()
        && (kind != FileKind.SOCKET
            || FileKind.option(calls, number, Linux.SO_DOMAIN) != Linux.AF_UNIX)) {
      throw new NotSupportedException(
          shown, "the option " + HANDLES + "=true", "handles travel over Unix sockets only");
    }
    Nature nature = kind == FileKind.SOCKET ? Nature.SELECTABLE : Nature.of(calls, number);
    Adopted adopted = adopt(calls, number, kind);
    ChannelDriver driver;
    try {
      if (kind != FileKind.SOCKET) {
        driver = new DescriptorDriver(adopted, nature, context).withBuffer(plan.options());
      } else {
        Adopted socket = AdoptedListener.setUp(adopted, plan.options());
        driver =
            plan.handles()
                ? SocketDriver.withHandles(context, socket)
                : new SocketDriver(context, socket);
      }
    } catch (IOException | RuntimeException | Error e) {
      adopted.close();
      throw e;
    }
    // Not before: a descriptor that is refused is its owner's still.
    calls.close(number);
    return driver;
  }

  /** Puts it under channels; the number stays open. */
  private static Adopted adopt(Posix calls, int number, FileKind kind) throws IOException {
    Carrier carrier = Carrier.open(calls);
    int copy;
    try {
      copy = kind.isReopened() ? FileKind.copy(calls, number) : FileKind.duplicate(calls, number);
    } catch (IOException | RuntimeException | Error e) {
      carrier.close();
      throw e;
    }
    return carrier.adopt(copy);
  }

  private static void checkAccess(Posix calls, int fd, String shown) throws IOException {
    int flags = Linux.check("fcntl", calls.fcntl(fd, Linux.F_GETFL, 0));
    if ((flags & Linux.O_PATH) != 0) {
      throw new AddressException(
          Kind.INVALID, shown, "it was opened as a path only, neither to read nor to write", null);
    }
  }

  private static void checkSocket(Posix calls, int fd, String shown) throws IOException {
    if (FileKind.option(calls, fd, Linux.SO_TYPE) != Linux.SOCK_STREAM) {
      throw new AddressException(
          Kind.INVALID, shown, "it is a socket of messages, expected one of a stream", null);
    }
    if (FileKind.option(calls, fd, Linux.SO_ACCEPTCONN) != 0) {
      throw new AddressException(
          Kind.INVALID, shown, "it is a socket that listens, expected a connected one", null);
    }
    if (!FileKind.isConnected(calls, fd)) {
      throw new AddressException(Kind.NOT_CONNECTED, shown, "expected a socket with a peer", null);
    }
  }
}
