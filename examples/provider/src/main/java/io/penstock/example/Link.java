// SPDX-License-Identifier: Apache-2.0
package io.penstock.example;

import io.penstock.channel.Capability;
import io.penstock.error.ExitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Two drivers that are each other's peer, with what goes between them. */
final class Link {
  private final String name;
  private final Set<String> granted;
  private final Wire toServer;
  private final Wire toClient;
  private final Wire errors;
  private final CompletableFuture<Integer> status = new CompletableFuture<>();
  private final Client client;

  Link(String name, int window, Set<String> granted, ProviderContext clientContext)
      throws IOException {
    this.name = name;
    this.granted = granted;
    this.toServer = new Wire(name, window, true);
    this.toClient = new Wire(name, window, true);
    this.errors = new Wire(name + " (errors)", window, false);
    this.client = new Client(clientContext);
  }

  ChannelDriver client() {
    return client;
  }

  ChannelDriver server(ProviderContext context) {
    return new Server(context);
  }

  /** This link will never be accepted. */
  void refuse(Throwable cause) {
    toServer.cut(cause);
    toClient.cut(cause);
    errors.cut(cause);
    status.completeExceptionally(cause);
  }

  private abstract class Side implements ChannelDriver, ExampleFacet {
    private final Wire in;
    private final Wire out;

    Side(Wire in, Wire out) {
      this.in = in;
      this.out = out;
    }

    @Override
    public SourceDriver source() {
      return in.source();
    }

    @Override
    public SinkDriver sink() {
      return out.sink();
    }

    @Override
    public <T> Optional<T> facet(Class<T> type) {
      return type == ExampleFacet.class ? Optional.of(type.cast(this)) : Optional.empty();
    }

    @Override
    public Optional<ByteSource> errorSource() {
      return Optional.empty();
    }

    @Override
    public Optional<ByteSink> errorSink() {
      return Optional.empty();
    }

    @Override
    public OptionalInt exitStatus() {
      return status.isDone() && !status.isCompletedExceptionally()
          ? OptionalInt.of(status.join())
          : OptionalInt.empty();
    }

    @Override
    public void close() throws IOException {
      in.source().close();
      out.sink().close();
    }

    @Override
    public void abort(Throwable cause) {
      toServer.cut(cause);
      toClient.cut(cause);
      errors.cut(cause);
      status.completeExceptionally(cause);
      try {
        close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  private final class Client extends Side {
    private final ByteSource errorSource;

    Client(ProviderContext context) {
      super(toClient, toServer);
      errorSource = context.source(errors(), errors.source());
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of(Capability.HALF_CLOSE, Capability.ABORT, Capability.VERDICT);
    }

    @Override
    public CompletionStage<Void> gone() {
      return status.thenCompose(
          code ->
              code == 0
                  ? CompletableFuture.completedStage(null)
                  : CompletableFuture.failedStage(
                      new ExitException(name, code, "exited with status " + code)));
    }

    @Override
    public Optional<ByteSource> errorSource() {
      return Optional.of(errorSource);
    }

    @Override
    public void request(String wanted) throws IOException {
      if (toServer.ended() || toClient.ended() || status.isDone()) {
        throw new RequestRejectedException(
            name, "'" + wanted + "' was asked for after the end of a direction", 0);
      }
      if (!granted.contains(wanted)) {
        throw new RequestRejectedException(
            name, "'" + wanted + "' is not granted, only " + granted + " is", 0);
      }
    }

    @Override
    public void exit(int code) throws IOException {
      throw new NotSupportedException(name, "exiting on the connecting side", "close the channel");
    }
  }

  private String errors() {
    return name + " (errors)";
  }

  private final class Server extends Side {
    private final ByteSink errorSink;

    Server(ProviderContext context) {
      super(toServer, toClient);
      errorSink = context.sink(errors(), errors.sink());
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of(Capability.HALF_CLOSE, Capability.ABORT);
    }

    @Override
    public @Nullable CompletionStage<Void> gone() {
      return null;
    }

    @Override
    public Optional<ByteSink> errorSink() {
      return Optional.of(errorSink);
    }

    @Override
    public void request(String wanted) throws IOException {
      throw new RequestRejectedException(
          name, "'" + wanted + "' was asked for on the accepting side", 0);
    }

    @Override
    public void exit(int code) throws IOException {
      if (!status.complete(code)) {
        throw new RequestRejectedException(name, "it has an exit status already", 0);
      }
    }

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } finally {
        // A side that leaves without a verdict has succeeded.
        status.complete(0);
      }
    }
  }
}
