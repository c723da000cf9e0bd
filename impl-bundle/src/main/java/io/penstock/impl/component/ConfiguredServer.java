// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.channel.Endpoint;
import io.penstock.error.NotSupportedException;
import io.penstock.impl.channel.Channels;
import io.penstock.impl.component.config.ServeSettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.serve.RunningServer;
import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.spi.LogField;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A handler that was registered with an address, and is served as long as it can be. */
final class ConfiguredServer extends Configured<ServeSettings, RunningServer> {
  private final Channels channels;
  private final Object handler;
  private final long serviceId;
  private final Set<RunningServer> leaving = ConcurrentHashMap.newKeySet();
  private volatile @Nullable FailedHandlerDTO failed;

  ConfiguredServer(
      Engine engine, Names names, Channels channels, Object handler, long serviceId, String name) {
    super(engine, names, name);
    this.channels = channels;
    this.handler = handler;
    this.serviceId = serviceId;
  }

  @Override
  String title(ServeSettings values) {
    return pid();
  }

  @Override
  String address(ServeSettings values) {
    return values.endpoint().anonymous().toString();
  }

  /** Handlers may have the same name: tools tell them apart by the service's identity. */
  @Override
  String kind() {
    return "handler";
  }

  @Override
  String name(ServeSettings values) {
    return String.valueOf(serviceId);
  }

  /** What it does; empty when it is not served. */
  Optional<ServerDTO> describe() {
    return Optional.ofNullable(slot.get()).map(server -> server.describe(serviceId));
  }

  /** Why it is not served; empty when it is, or nobody has tried. */
  Optional<FailedHandlerDTO> failure() {
    return Optional.ofNullable(failed);
  }

  /** Nothing: {@link #failure} tells of a handler that is not served, and once is enough. */
  @Override
  public Optional<AwaitedDTO> awaited() {
    return Optional.empty();
  }

  @Override
  void hindered(String why) {
    failed(FailedHandlerDTO.Reason.ADDRESS, why);
  }

  @Override
  void begin() {
    try {
      adopt(bind(settings()));
    } catch (IOException e) {
      failed(reason(e), Reasons.of(e));
      complain(Level.WARNING, pid() + ": " + Reasons.of(e) + "; trying again until it succeeds");
      later(RETRY_MIN, RETRY_MAX);
    } catch (IllegalArgumentException e) {
      // They could be read, and do not fit the handler or the kind.
      String why = pid() + ": " + Reasons.of(e);
      failed(FailedHandlerDTO.Reason.PROPERTIES, why);
      complain(Level.ERROR, why + "; the handler is not served until it is corrected");
    }
  }

  private static FailedHandlerDTO.Reason reason(IOException why) {
    return why instanceof NotSupportedException
        ? FailedHandlerDTO.Reason.SCHEME
        : FailedHandlerDTO.Reason.ADDRESS;
  }

  /** Values that cannot be used; the last good ones stay, if there are any. */
  void refused(String why) {
    serially(() -> refuse(why));
  }

  private void refuse(String why) {
    boolean keeps = isConfigured();
    if (!keeps) {
      failed(FailedHandlerDTO.Reason.PROPERTIES, why);
    }
    LOG.log(
        Level.ERROR,
        why
            + (keeps
                ? "; the last good values stay"
                : "; the handler is not served until it is corrected"));
  }

  /** Each try may meet something else; that the handler is not served began with the first. */
  private void failed(FailedHandlerDTO.Reason reason, String why) {
    FailedHandlerDTO before = failed;
    long since = before == null ? System.currentTimeMillis() : before.since();
    failed = new FailedHandlerDTO(serviceId, pid(), reason, why, since);
  }

  private RunningServer bind(ServeSettings values) throws IOException {
    return RunningServer.bind(engine, channels, values.endpoint(), handler, values.options());
  }

  private void adopt(RunningServer server) {
    if (!slot.put(server)) {
      discard(server, false);
      return;
    }
    failed = null;
    alive("served");
    Endpoint endpoint = server.endpoint().anonymous();
    LOG.log(
        Level.INFO,
        endpoint.listening() ? "{0}: serving {1}" : "{0}: connecting {1}",
        pid(),
        LogField.endpoint(endpoint));
    server.onClose(() -> serially(() -> lost(server)));
    // Only now: a stop finds it in its place.
    server.begin();
  }

  private void lost(RunningServer server) {
    if (slot.take(server)) {
      died();
      failed(FailedHandlerDTO.Reason.ADDRESS, pid() + ": the listener was lost");
      LOG.log(Level.WARNING, "{0}: the listener was lost; binding it again", pid());
      later(RETRY_MIN, RETRY_MAX);
    }
  }

  @Override
  ServeSettings changed(ServeSettings old, ServeSettings next) {
    RunningServer server = slot.get();
    if (server == null) {
      return next;
    }
    try {
      if (old.endpoint().equals(next.endpoint())) {
        server.change(next.options());
        return next;
      }
      return moved(server, old, next);
    } catch (IllegalArgumentException e) {
      refuse(pid() + ": " + Reasons.of(e));
      return old;
    }
  }

  private ServeSettings moved(RunningServer server, ServeSettings old, ServeSettings next) {
    if (next.endpoint().listening()
        && old.endpoint().scheme().equals(next.endpoint().scheme())
        && old.endpoint().address().equals(next.endpoint().address())) {
      // Other options of the same address: its connections stay, and the next server binds it.
      try {
        RunningServer.check(channels, next.endpoint(), handler, next.options());
      } catch (IOException e) {
        keepsOld(next.endpoint(), e);
        return old;
      }
      replaced(server, RunningServer::retire);
      return next;
    }
    RunningServer fresh;
    try {
      fresh = bind(next);
    } catch (IOException e) {
      if (isInItsOwnWay(e, server.endpoint(), next.endpoint())) {
        leave(server);
        return next;
      }
      keepsOld(next.endpoint(), e);
      return old;
    }
    leave(server);
    adopt(fresh);
    return next;
  }

  /** Its connections have their time, while the next one serves already. */
  private void leave(RunningServer server) {
    replaced(
        server,
        left -> {
          left.stopListening();
          engine.execute(() -> discard(left, true));
        });
  }

  private void replaced(RunningServer server, Consumer<RunningServer> how) {
    // First, so that a stop finds it here or in its place.
    leaving.add(server);
    server.onClose(() -> leaving.remove(server));
    if (slot.take(server)) {
      how.accept(server);
    }
    if (isStopped()) {
      discard(server, true);
    }
  }

  /** Those that have not left yet call the handler still: all at once, and then each. */
  @Override
  void stopped() {
    leaving.forEach(server -> engine.execute(() -> discard(server, true)));
    leaving.forEach(server -> discard(server, true));
  }

  @Override
  void discard(RunningServer server, boolean graceful) {
    server.stop(graceful);
  }
}
