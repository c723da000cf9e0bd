// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.serve;

import io.penstock.poller.ChannelHandler;
import io.penstock.serve.ByteHandler;
import io.penstock.serve.ConnectionHandler;
import io.penstock.serve.LineHandler;
import io.penstock.serve.ServeOptions;
import io.penstock.stream.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A handler of one of the three kinds, as the server calls it. */
interface HandlerKind {
  /** The handler itself, for messages. */
  Object handler();

  /** What to cut connections by when the options do not say. */
  Framing framing();

  /** What to make replies by: the longest frame limits what a peer sends, not what it gets. */
  default Framing replies(Framing framing) {
    return framing;
  }

  /** Says why a framing cannot be used; null if it can. */
  default @Nullable String refusal(Framing framing) {
    return null;
  }

  void opened(Client client) throws IOException;

  void frame(Client client, ByteBuffer frame) throws IOException;

  void closed(Client client, @Nullable Throwable cause) throws IOException;

  /** Whether the server closes a connection that its peer has ended; the handler does otherwise. */
  default boolean closes() {
    return true;
  }

  /**
   * Looks what kind of handler it is.
   *
   * @throws IllegalArgumentException if it is of none
   */
  static HandlerKind of(Object handler) {
    if (handler instanceof LineHandler lines) {
      return new Lines(lines);
    }
    if (handler instanceof ByteHandler bytes) {
      return new Bytes(bytes);
    }
    if (handler instanceof ChannelHandler raw) {
      return new Raw(raw);
    }
    throw new IllegalArgumentException(
        handler.getClass().getName()
            + " is no handler; expected a LineHandler, a ByteHandler or a ChannelHandler");
  }

  /** What lines and bytes have in common. */
  abstract class Whole implements HandlerKind {
    private final ConnectionHandler handler;

    Whole(ConnectionHandler handler) {
      this.handler = handler;
    }

    @Override
    public Object handler() {
      return handler;
    }

    @Override
    public void opened(Client client) throws IOException {
      handler.opened(client);
    }

    @Override
    public void closed(Client client, @Nullable Throwable cause) throws IOException {
      handler.closed(client, cause);
    }
  }

  /** Cuts the line end off and decodes. */
  final class Lines extends Whole {
    private static final Framing REPLIES = Framing.lines(Integer.MAX_VALUE);

    private final LineHandler handler;

    Lines(LineHandler handler) {
      super(handler);
      this.handler = handler;
    }

    @Override
    public Framing framing() {
      return Framing.lines(ServeOptions.DEFAULT_MAX_FRAME);
    }

    @Override
    public Framing replies(Framing framing) {
      return REPLIES;
    }

    @Override
    public @Nullable String refusal(Framing framing) {
      return framing.toString().startsWith("lines")
          ? null
          : "framing is " + framing + ", expected lines for a LineHandler; a ByteHandler takes it";
    }

    @Override
    public void frame(Client client, ByteBuffer frame) throws IOException {
      byte[] bytes = new byte[frame.remaining()];
      frame.get(bytes);
      int length = bytes.length;
      // The last line may have no line end.
      boolean ended = client.cutsLineFeeds();
      if (length > 0 && bytes[length - 1] == '\n') {
        length--;
        ended = true;
      }
      if (ended && length > 0 && bytes[length - 1] == '\r') {
        length--;
      }
      handler.line(client, new String(bytes, 0, length, StandardCharsets.UTF_8));
    }
  }

  /** Passes frames on. */
  final class Bytes extends Whole {
    private final ByteHandler handler;

    Bytes(ByteHandler handler) {
      super(handler);
      this.handler = handler;
    }

    @Override
    public Framing framing() {
      return Framing.bytes();
    }

    @Override
    public void frame(Client client, ByteBuffer frame) throws IOException {
      handler.frame(client, frame);
    }
  }

  /** Passes the poller's events on. */
  final class Raw implements HandlerKind {
    private final ChannelHandler handler;

    Raw(ChannelHandler handler) {
      this.handler = handler;
    }

    @Override
    public Object handler() {
      return handler;
    }

    @Override
    public Framing framing() {
      return Framing.bytes();
    }

    @Override
    public void opened(Client client) throws IOException {
      handler.opened(client.accepting(), client.channel(), client.view());
    }

    @Override
    public void frame(Client client, ByteBuffer frame) throws IOException {
      handler.data(client.view(), frame);
    }

    @Override
    public void closed(Client client, @Nullable Throwable cause) throws IOException {
      if (cause == null) {
        handler.ended(client.view());
      } else {
        handler.failed(client.view(), cause);
      }
    }

    @Override
    public boolean closes() {
      return false;
    }
  }
}
