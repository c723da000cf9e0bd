// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.impl.engine.Faults;
import io.penstock.spi.LogField;
import io.penstock.spi.Messages;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Logs, at debug, which channels and listeners come and go. Each scheme has a logger of its own
 * below that of all, so that one of them can be raised. What was opened before that is not followed
 * to its end.
 */
final class Journal {
  private static final Map<String, Logger> LOGS = new ConcurrentHashMap<>();

  private final Logger log;
  private final String name;

  private Journal(Endpoint endpoint, ChannelOptions options) {
    this.log = log(endpoint);
    this.name = options.name().isEmpty() ? endpoint.name() : options.name();
  }

  private static Logger log(Endpoint endpoint) {
    return LOGS.computeIfAbsent(endpoint.scheme(), scheme -> Messages.log("channel." + scheme));
  }

  private static boolean isOpen(Endpoint endpoint) {
    return log(endpoint).isLoggable(Level.DEBUG);
  }

  /** A channel of ours that may still be connecting. */
  static void connecting(Channel channel, ChannelOptions options) {
    if (isOpen(channel.endpoint())) {
      Journal journal = new Journal(channel.endpoint(), options);
      journal.log.log(Level.DEBUG, "{0}: connecting", journal.name);
      channel
          .connected()
          .whenComplete(
              (made, failure) -> {
                if (failure == null) {
                  Object peer = channel.peer().orElse(null);
                  journal.log.log(
                      Level.DEBUG,
                      peer == null ? "{0}: connected" : "{0}: connected to {1}",
                      journal.name,
                      LogField.peer(peer));
                  journal.untilClosed(channel, null);
                } else {
                  journal.log.log(
                      Level.DEBUG,
                      "{0}: not connected: {1}",
                      journal.name,
                      LogField.cause(reason(failure)));
                }
              });
    }
  }

  /** A channel that a listener has accepted. */
  static void accepted(Channel channel, ChannelOptions options) {
    if (isOpen(channel.endpoint())) {
      Journal journal = new Journal(channel.endpoint(), options);
      Object peer = channel.peer().orElse(null);
      journal.log.log(
          Level.DEBUG,
          peer == null ? "{0}: accepted" : "{0}: accepted from {1}",
          journal.name,
          LogField.peer(peer));
      journal.untilClosed(channel, peer);
    }
  }

  /** A listener that is bound. */
  static void listening(Listener listener, ChannelOptions options) {
    if (isOpen(listener.endpoint())) {
      Journal journal = new Journal(listener.endpoint(), options);
      journal.log.log(Level.DEBUG, "{0}: listening", journal.name);
      listener
          .closed()
          .whenComplete(
              (done, failure) ->
                  journal.log.log(Level.DEBUG, "{0}: not listening any more", journal.name));
    }
  }

  private void untilClosed(Channel channel, @Nullable Object peer) {
    channel
        .closed()
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                log.log(
                    Level.DEBUG,
                    peer == null ? "{0}: closed" : "{0}: closed from {1}",
                    name,
                    LogField.peer(peer));
              } else {
                log.log(
                    Level.DEBUG,
                    peer == null ? "{0}: aborted: {2}" : "{0}: aborted from {1}: {2}",
                    name,
                    LogField.peer(peer),
                    LogField.cause(reason(failure)));
              }
            });
  }

  /** Its kind only: the text may have a whole endpoint in it. */
  private static String reason(Throwable failure) {
    return Faults.unwrap(failure).getClass().getSimpleName();
  }
}
