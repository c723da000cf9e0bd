// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import io.penstock.runtime.AwaitedDTO;
import io.penstock.runtime.ChannelDTO;
import io.penstock.runtime.EndDTO;
import io.penstock.runtime.FailedHandlerDTO;
import io.penstock.runtime.FaultDTO;
import io.penstock.runtime.ListenerDTO;
import io.penstock.runtime.PipeDTO;
import io.penstock.runtime.PollerDTO;
import io.penstock.runtime.RelayDTO;
import io.penstock.runtime.RemoteDTO;
import io.penstock.runtime.RemoteEntryDTO;
import io.penstock.runtime.ResourcesDTO;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.runtime.ServerDTO;
import io.penstock.runtime.WaitDTO;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a check looks at. */
enum HealthSubject {
  /** Pipes that stand still. */
  PIPES("pipes", "no pipe of %d stands still") {
    @Override
    int count(RuntimeDTO all) {
      return all.pipes().size();
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      for (PipeDTO pipe : all.pipes()) {
        unread(pipe, all.at(), limits, history).ifPresent(findings::add);
        unwritten(pipe, all.at(), limits, history).ifPresent(findings::add);
      }
      missing("pipe", limits.down(), all, findings);
    }
  },

  /** Listeners, and handlers, that nobody can reach. */
  LISTENERS("listeners", "all of %d listeners accept") {
    @Override
    int count(RuntimeDTO all) {
      return all.listeners().size();
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      for (ListenerDTO listener : all.listeners()) {
        held(listener).ifPresent(findings::add);
      }
      missing("listener", limits.down(), all, findings);
      for (FailedHandlerDTO handler : all.failed()) {
        long age = all.at() - handler.since();
        if (age >= limits.down()) {
          findings.add(
              Finding.critical(
                  "handler %s is not served: %s".formatted(handler.name(), handler.message())));
        }
      }
    }
  },

  /** Channels that are not connected. */
  CHANNELS("channels", "none of %d channels is reconnecting") {
    @Override
    int count(RuntimeDTO all) {
      return all.channels().size();
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      missing("channel", limits.reconnecting(), all, findings);
      for (ChannelDTO channel : all.channels()) {
        if (channel.state() == ChannelDTO.State.CONNECTING) {
          long age = all.at() - history.since(channel.id(), channel.state(), all.at());
          if (age >= limits.reconnecting()) {
            findings.add(
                Finding.critical(
                    "channel %s has been connecting to %s for %s"
                        .formatted(channel.name(), channel.endpoint(), time(age))));
          }
        }
      }
      for (ServerDTO server : all.servers()) {
        String trouble = server.trouble();
        if (server.connects() && trouble != null) {
          // What it meets may change from try to try; that it is not there does not.
          long age = all.at() - history.since("handler " + server.serviceId(), "", all.at());
          if (age >= limits.reconnecting()) {
            findings.add(
                Finding.critical(
                    "handler %s has not been connected to %s for %s: %s"
                        .formatted(server.name(), server.endpoint(), time(age), trouble)));
          }
        }
      }
    }
  },

  /** Open files of the process. */
  DESCRIPTORS("descriptors", "there are descriptors enough") {
    @Override
    int count(RuntimeDTO all) {
      return 0;
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      ResourcesDTO have = all.resources();
      if (have.descriptors() >= 0
          && have.maxDescriptors() > 0
          && have.descriptors() * 100.0 >= (double) limits.descriptors() * have.maxDescriptors()) {
        findings.add(
            Finding.critical(
                "the process has %d of %d descriptors open, %d %% or more; when they run out, nobody"
                        .formatted(have.descriptors(), have.maxDescriptors(), limits.descriptors())
                    + " can connect any more"));
      }
    }
  },

  /** Pollers whose handlers keep others waiting. */
  POLLERS("pollers", "none of %d pollers is late") {
    @Override
    int count(RuntimeDTO all) {
      return all.pollers().size();
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      for (PollerDTO poller : all.pollers()) {
        long age = all.at() - poller.busySince();
        if (poller.busySince() > 0 && age >= limits.late()) {
          findings.add(
              Finding.critical(
                  "poller %s is late: thread %s has been in its handlers for %s, and %d other ends wait"
                      .formatted(
                          poller.name(),
                          poller.thread() == null ? "(gone)" : poller.thread(),
                          time(age),
                          Math.max(0, poller.registered() - 1))));
        }
      }
    }
  },

  /** Relays whose connections fail. */
  RELAYS("relays", "none of %d relays fails") {
    @Override
    int count(RuntimeDTO all) {
      return all.relays().size();
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      missing("relay", limits.down(), all, findings);
      for (RelayDTO relay : all.relays()) {
        FaultDTO fault = relay.fault();
        if (fault != null && all.at() - fault.at() < limits.failed()) {
          findings.add(
              Finding.warning(
                  "relay %s from %s to %s: a connection failed %s ago, and %d in all: %s"
                      .formatted(
                          relay.name(),
                          relay.from(),
                          relay.to(),
                          time(all.at() - fault.at()),
                          fault.count(),
                          fault.message())));
        }
        if (relay.paused()) {
          findings.add(Finding.warning("relay %s is paused".formatted(relay.name())));
        }
      }
    }
  },

  /** Registries that cannot be reached, and what could not be published. */
  REMOTES("remotes", "all of %d registries of other containers are connected") {
    @Override
    int count(RuntimeDTO all) {
      return all.remotes().size();
    }

    @Override
    void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings) {
      for (RemoteDTO remote : all.remotes()) {
        long age = all.at() - remote.since();
        if (!remote.connected() && age >= limits.down()) {
          findings.add(
              Finding.critical(
                  "the registry %s cannot be reached for %s, and what is known of other containers"
                          .formatted(remote.registry(), time(age))
                      + " is frozen: "
                      + remote.trouble()));
        }
        for (RemoteEntryDTO entry : remote.entries()) {
          if (entry.state() == RemoteEntryDTO.State.PENDING && entry.trouble() != null) {
            findings.add(
                Finding.critical(
                    "%s is not published in %s: %s"
                        .formatted(entry.name(), remote.registry(), entry.trouble())));
          }
        }
      }
    }
  };

  private final String word;
  private final String fine;

  HealthSubject(String word, String fine) {
    this.word = word;
    this.fine = fine;
  }

  /** The plural, for names and tags. */
  String word() {
    return word;
  }

  /** What is said when nothing was found. */
  String fine(RuntimeDTO all) {
    return fine.formatted(count(all));
  }

  /** How many objects it looks at. */
  abstract int count(RuntimeDTO all);

  /** Adds what it finds. */
  abstract void look(RuntimeDTO all, Thresholds limits, History history, List<Finding> findings);

  /** All that there is to say, what is critical first. */
  List<Finding> look(RuntimeDTO all, Thresholds limits, History history) {
    List<Finding> findings = new ArrayList<>();
    look(all, limits, history, findings);
    history.done();
    findings.sort((one, two) -> Boolean.compare(two.critical(), one.critical()));
    return findings;
  }

  private static Optional<Finding> unread(
      PipeDTO pipe, long at, Thresholds limits, History history) {
    if (pipe.buffered() < pipe.capacity()) {
      return Optional.empty();
    }
    long seen = history.since(pipe.id() + " full", pipe.source().bytes().total(), at);
    long age = at - Math.min(seen, parked(pipe.sink(), at));
    if (age < limits.unread()) {
      return Optional.empty();
    }
    String what =
        "pipe %s is full (%d bytes) and has not been read for %s"
            .formatted(pipe.name(), pipe.capacity(), time(age));
    return Optional.of(
        pipe.source().paused()
            ? Finding.warning(what + ", because it is paused")
            : Finding.critical(what + writers(pipe)));
  }

  private static String writers(PipeDTO pipe) {
    List<WaitDTO> waiting = pipe.sink().waiting();
    return (waiting.isEmpty() ? "" : "; thread " + waiting.get(0).thread() + " waits to write")
        + (pipe.source().waiting().isEmpty() && !pipe.source().polled()
            ? "; nobody waits to read"
            : "");
  }

  private static Optional<Finding> unwritten(
      PipeDTO pipe, long at, Thresholds limits, History history) {
    List<WaitDTO> waiting = pipe.source().waiting();
    if (pipe.buffered() > 0 || waiting.isEmpty() || pipe.sink().ended() || pipe.source().paused()) {
      return Optional.empty();
    }
    long seen = history.since(pipe.id() + " empty", pipe.sink().bytes().total(), at);
    long age = at - Math.min(seen, parked(pipe.source(), at));
    return age < limits.unwritten()
        ? Optional.empty()
        : Optional.of(
            Finding.warning(
                "pipe %s is empty, and nothing has been written for %s; thread %s waits to read"
                    .formatted(pipe.name(), time(age), waiting.get(0).thread())));
  }

  /**
   * Since when nothing has moved at an end, by its threads. The one that has the turn is parked
   * anew whenever something moves, and those behind it came earlier or later: so the youngest
   * tells.
   */
  private static long parked(EndDTO end, long at) {
    return end.waiting().stream().mapToLong(WaitDTO::since).max().orElse(at);
  }

  private static Optional<Finding> held(ListenerDTO listener) {
    String name = "listener " + listener.name() + " at " + listener.endpoint();
    String held = listener.held();
    return Optional.ofNullable(
        "exhausted".equals(held)
            ? Finding.critical(name + " accepts nobody: the process has no descriptor left")
            : "paused".equals(held)
                ? Finding.warning(name + " accepts nobody: it is paused")
                : null);
  }

  private static void missing(String kind, long limit, RuntimeDTO all, List<Finding> findings) {
    for (AwaitedDTO one : all.awaited()) {
      long age = all.at() - one.since();
      if (one.kind().equals(kind) && age >= limit) {
        findings.add(
            Finding.critical(
                "%s %s (%s) has not been there for %s, after %d tries%s"
                    .formatted(
                        kind,
                        one.name(),
                        one.pid(),
                        time(age),
                        one.tries(),
                        one.why().isEmpty() ? "" : ": " + one.why())));
      }
    }
  }

  /** Such as {@code 1.5 s} or {@code 1 h 5 min}. */
  static String time(long millis) {
    Duration time = Duration.ofMillis(Math.max(0, millis));
    if (time.toMinutes() == 0) {
      return time.toMillis() % 1000 == 0
          ? time.toSeconds() + " s"
          : String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1000.0);
    }
    return time.toHours() == 0
        ? time.toMinutes() + " min " + time.toSecondsPart() + " s"
        : time.toHours() + " h " + time.toMinutesPart() + " min";
  }
}
