// SPDX-License-Identifier: Apache-2.0
package io.penstock.remote.impl.node;

import io.penstock.remote.impl.protocol.Removal;
import io.penstock.remote.spi.RemoteEntry;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** The lines of a node in the log. */
final class NodeLog {
  private static final Logger LOG = Messages.log("remote");

  private final String servers;

  NodeLog(String servers) {
    this.servers = servers;
  }

  private static LogField name(RemoteEntry entry) {
    return LogField.name(entry.name());
  }

  private static LogField endpoint(RemoteEntry entry) {
    return LogField.endpoint(entry.endpoint().anonymous());
  }

  void published(RemoteEntry entry) {
    LOG.log(Level.INFO, "{0}: published as {1}", name(entry), endpoint(entry));
  }

  void publishedNoMore(RemoteEntry entry) {
    LOG.log(Level.INFO, "{0}: published no more", name(entry));
  }

  void cannotBePublished(RemoteEntry entry, String why) {
    LOG.log(
        Level.WARNING,
        "{0}: cannot be published in {1}: {2}; trying again",
        name(entry),
        servers,
        LogField.cause(why));
  }

  void notRemovedInTime() {
    LOG.log(
        Level.WARNING,
        "{0}: what was published here could not be removed in time; others notice when its session"
            + " is over",
        servers);
  }

  void stepFailed(Throwable failure) {
    LOG.log(Level.ERROR, "{0}: a step of the registry failed", servers, failure);
  }

  void connected() {
    LOG.log(Level.INFO, "{0}: the registry is connected", servers);
  }

  void disconnected(String why, int known) {
    LOG.log(
        Level.WARNING,
        "{0}: the registry cannot be reached: {1}; what is known of {2} endpoints is frozen until"
            + " it can",
        servers,
        LogField.cause(why),
        known);
  }

  void found(RemoteEntry entry) {
    LOG.log(Level.INFO, "{0}: found at {1} in {2}", name(entry), endpoint(entry), entry.node());
  }

  void moved(RemoteEntry entry) {
    LOG.log(Level.INFO, "{0}: now at {1} in {2}", name(entry), endpoint(entry), entry.node());
  }

  void gone(RemoteEntry entry, Removal why) {
    if (why == Removal.WITHDRAWN) {
      LOG.log(
          Level.INFO,
          "{0}: gone from {1} in {2}, which publishes it no more",
          name(entry),
          endpoint(entry),
          entry.node());
    } else {
      LOG.log(
          Level.WARNING,
          "{0}: gone from {1}, because {2} {3}",
          name(entry),
          endpoint(entry),
          entry.node(),
          why == Removal.DEAD ? "is dead" : "was silent for a session");
    }
  }

  void purging(RemoteEntry entry) {
    LOG.log(
        Level.INFO,
        "{0}: removing what the dead container {1} has left in the registry",
        name(entry),
        entry.node());
  }
}
