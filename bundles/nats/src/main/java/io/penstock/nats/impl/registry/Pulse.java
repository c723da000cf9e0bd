// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.registry;

import io.penstock.nats.impl.link.Link;
import io.penstock.nats.impl.link.Link.Subscribed;
import java.time.Duration;
import java.util.concurrent.Future;

/**
 * Notices within a session that the servers cannot be reached, also where no packet says so: it
 * sends itself a message eight times in a session. Whoever does not hear itself has no right to
 * find others silent. It counts its own steps and not the time, so a pause of its own is no cut.
 * All on the link's thread.
 */
final class Pulse {
  private static final int STEPS = 8;
  private static final int MOST_MISSED = 4;

  /** What it leads to. */
  interface Beating {
    /** The servers can be reached from now on. */
    void reachable();

    /** They cannot. */
    void unreachable(String why);

    /** A quarter of a session has passed while they can be reached. */
    void quarter();
  }

  private final Link link;
  private final Duration step;
  private final Beating beating;
  private final String echo;
  private boolean up;
  private boolean cut;
  private int missed;
  private long steps;

  private Pulse(Link link, Duration session, Beating beating) {
    this.link = link;
    this.step = session.dividedBy(STEPS);
    this.beating = beating;
    this.echo = link.newInbox();
  }

  /** Begins; ends with the link. */
  static void begin(Link link, Duration session, Beating beating) {
    Pulse pulse = new Pulse(link, session, beating);
    Subscribed unused = link.subscribe(pulse.echo, message -> pulse.heard());
    link.watch(
        new Link.Watcher() {
          @Override
          public void up() {
            pulse.up();
          }

          @Override
          public void down(String why) {
            pulse.up = false;
            beating.unreachable(why);
          }
        });
    pulse.later();
  }

  private void up() {
    up = true;
    cut = false;
    missed = 0;
    beating.reachable();
  }

  private void later() {
    Future<?> unused = link.after(step, this::next);
  }

  private void next() {
    later();
    if (!up) {
      return;
    }
    if (!cut && missed >= MOST_MISSED) {
      cut = true;
      beating.unreachable("the servers have not answered for half a session");
      // Perhaps only this server hangs. The others are tried, before a session is over.
      link.reconnect();
    }
    missed++;
    link.tell(echo, null, new byte[0]);
    steps++;
    if (!cut && steps % 2 == 0) {
      beating.quarter();
    }
  }

  private void heard() {
    missed = 0;
    if (cut && up) {
      cut = false;
      beating.reachable();
    }
  }
}
