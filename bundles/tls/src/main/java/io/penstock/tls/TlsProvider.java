// SPDX-License-Identifier: Apache-2.0
package io.penstock.tls;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ChannelProvider;
import io.penstock.spi.ListenerDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.annotation.versioning.ProviderType;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Serves {@code tls://HOST:PORT} and {@code tls-listen://HOST:PORT}, and goes above any channel.
 *
 * <p>In a container its service is found by itself, and {@code io.penstock.standalone.Penstock}
 * finds it where this jar is on the class path or the module path. A provider that is made by hand
 * is for another connection below than that of the kind {@code tcp}.
 *
 * <p>Safe for use by any thread. No thread of its own.
 */
@ProviderType
@Component(
    name = "io.penstock.kind.tls",
    service = ChannelProvider.class,
    property = {ChannelProvider.SCHEME + "=tls", ChannelProvider.SCHEME + "=tls-listen"})
public final class TlsProvider implements ChannelProvider {
  private static final String CONNECT = "tls";
  private static final String LISTEN = "tls-listen";

  /** So many different sets of files are remembered; a user has a handful. */
  private static final int REMEMBERED = 64;

  /**
   * What connections have in common that share keys, trust and sessions: a session that began
   * without a client's certificate must not be resumed where a certificate is asked for.
   */
  private record Shared(Material.Files files, TlsOptions.ClientAuth clientAuth) {}

  private final ChannelProvider tcp;
  private final BufferStock buffers = new BufferStock();
  private final Crew crew = new Crew();
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Shared, Material> materials =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Shared, Material> eldest) {
          return size() > REMEMBERED;
        }
      };

  /**
   * Builds on TCP.
   *
   * @param tcp makes the connections below; it serves {@code tcp} and {@code tcp-listen}
   */
  @Activate
  public TlsProvider(
      @Reference(target = "(" + ChannelProvider.SCHEME + "=tcp)") ChannelProvider tcp) {
    this.tcp = Objects.requireNonNull(tcp, "tcp");
  }

  @Override
  public Set<String> schemes() {
    return Set.of(CONNECT, LISTEN);
  }

  @Override
  public Set<String> optionKeys(String scheme) {
    boolean server = scheme.equals(LISTEN);
    Set<String> keys = new TreeSet<>(server ? TlsOptions.SERVER : TlsOptions.CLIENT);
    keys.addAll(tcp.optionKeys(server ? "tcp-listen" : "tcp"));
    return keys;
  }

  /** Shares what was read from files, and sessions to resume. */
  private Material material(TlsOptions options) {
    lock.lock();
    try {
      return materials.computeIfAbsent(
          new Shared(options.material(), options.clientAuth()),
          shared -> new Material(shared.files()));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void check(Endpoint endpoint, ChannelOptions options) throws IOException {
    tcp.check(endpoint, options);
    TlsOptions unused = TlsOptions.of(endpoint, options);
  }

  @Override
  public CompletionStage<? extends ChannelDriver> connect(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    TlsOptions wanted = TlsOptions.of(endpoint, options);
    Opening opening = new Opening(wanted, material(wanted), context);
    CompletionStage<? extends ChannelDriver> below = tcp.connect(endpoint, options, context);
    below.whenComplete(
        (made, failure) -> {
          if (failure != null) {
            opening.result.completeExceptionally(failure);
          } else {
            opening.begin(made);
          }
        });
    CompletableFuture<TlsDriver> unused =
        opening.result.whenComplete(
            (made, failure) -> {
              if (opening.result.isCancelled()) {
                below.toCompletableFuture().cancel(true);
              }
            });
    return opening.result;
  }

  @Override
  public CompletionStage<? extends ChannelDriver> over(
      ChannelDriver below, Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    TlsOptions wanted = TlsOptions.of(endpoint, options);
    if (!wanted.server() && wanted.checkName() && wanted.host().isEmpty()) {
      throw new IllegalArgumentException(
          "serverName: there is no name to check the certificate against; expected one here or in "
              + "the endpoint, as in tls://HOST:PORT, or checkName=false");
    }
    Opening opening = new Opening(wanted, material(wanted), context);
    opening.begin(below);
    return opening.result;
  }

  @Override
  public ListenerDriver listen(Endpoint endpoint, ChannelOptions options, ProviderContext context)
      throws IOException {
    TlsOptions wanted = TlsOptions.of(endpoint, options);
    Material material = material(wanted);
    // Unusable files are refused now, not at the first connection.
    try {
      Object unused = material.current();
    } catch (IOException e) {
      throw new IOException(endpoint.anonymous() + " cannot be used: " + e.getMessage(), e);
    }
    ListenerDriver below = tcp.listen(endpoint, options, context);
    try {
      TlsListener listener =
          new TlsListener(
              options.name(), below, wanted, material, buffers, crew, options.backlog(), context);
      listener.begin();
      return listener;
    } catch (RuntimeException | Error e) {
      // Such as a class that cannot be loaded while the bundle is updated.
      below.close();
      context.forgetClosed();
      throw e;
    }
  }

  /** One connection of ours on its way. */
  private final class Opening {
    private final TlsOptions options;
    private final Material material;
    private final ProviderContext context;
    final CompletableFuture<TlsDriver> result = new CompletableFuture<>();

    Opening(TlsOptions options, Material material, ProviderContext context) {
      this.options = options;
      this.material = material;
      this.context = context;
    }

    void begin(ChannelDriver below) {
      // Files are read, and keys made: not on the caller's thread.
      try {
        crew.execute(context.executor(), () -> shake(below));
      } catch (RuntimeException | Error e) {
        result.completeExceptionally(e);
        below.abort(e);
        context.forgetClosed();
      }
    }

    private void shake(ChannelDriver below) {
      Handshake handshake;
      try {
        TlsDriver driver =
            new TlsDriver(
                context.name(), below, options.engine(material.current()), buffers, context);
        handshake = new Handshake(driver, below, context, crew, options.handshakeTimeout());
      } catch (IOException | RuntimeException | Error e) {
        result.completeExceptionally(e);
        below.abort(e);
        context.forgetClosed();
        return;
      }
      CompletableFuture<TlsDriver> shaking = handshake.result();
      CompletableFuture<TlsDriver> unused =
          shaking.whenComplete(
              (made, failure) -> {
                if (failure != null) {
                  result.completeExceptionally(failure);
                } else if (!result.complete(made)) {
                  made.abort(new IOException(made.name() + ": nobody waits for it any more"));
                  context.forgetClosed();
                }
              });
      unused = result.whenComplete((made, failure) -> shaking.cancel(false));
      handshake.begin();
    }
  }
}
