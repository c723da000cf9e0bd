// SPDX-License-Identifier: Apache-2.0
package io.penstock.operator.component;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelFactory;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.Listener;
import io.penstock.channel.PeerCredentials;
import io.penstock.operator.OperatorCommands;
import io.penstock.spi.Messages;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * Runs the commands of peers at a Unix socket: of the user of this process, and of root. Each peer
 * has a thread of its own, so that one that does not read keeps no other waiting.
 */
final class ControlSocket implements AutoCloseable {
  static final int MAX_PEERS = 32;

  private static final Logger LOG = Messages.log("operator");

  /** How long commands may take to end by themselves when the socket is closed. */
  private static final long END_MILLIS = 1000;

  private final OperatorCommands commands;
  private final Listener listener;
  private final Predicate<PeerCredentials> allowed;
  private final Map<Thread, Channel> peers = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();
  private final Thread acceptor;
  private volatile boolean closed;

  /**
   * Begins to listen.
   *
   * @param channels binds the socket
   * @param commands are run
   * @param socket the path of the socket
   * @throws IOException if the socket cannot be bound
   */
  ControlSocket(ChannelFactory channels, OperatorCommands commands, Path socket)
      throws IOException {
    this(channels, commands, socket, ControlSocket::ownerOf);
  }

  /** With a rule of its own for who may send commands to the socket of a path. */
  ControlSocket(ChannelFactory channels, OperatorCommands commands, Path socket, Rule rule)
      throws IOException {
    this.commands = commands;
    this.listener =
        channels.listen(endpoint(socket), ChannelOptions.defaults().withName("control"));
    try {
      this.allowed = rule.of(socket);
    } catch (IOException | RuntimeException e) {
      listener.close();
      throw e;
    }
    this.acceptor = new Thread(this::accept, "penstock-control-accept");
    acceptor.setDaemon(true);
    acceptor.start();
  }

  /** Where it listens for a path. */
  static Endpoint endpoint(Path socket) {
    return Endpoint.unix(socket).listener().withOption("mode", "0600");
  }

  /** Says who may send commands to a socket that is bound. */
  interface Rule {
    Predicate<PeerCredentials> of(Path socket) throws IOException;
  }

  /** The user that owns a file, and root. */
  static Predicate<PeerCredentials> ownerOf(Path socket) throws IOException {
    long uid = ((Number) Files.getAttribute(socket, "unix:uid")).longValue();
    String user = Files.getOwner(socket).getName();
    return peer ->
        peer.uid().isPresent()
            ? peer.uid().getAsLong() == uid || peer.uid().getAsLong() == 0
            // Without native calls the system tells names only.
            : peer.user().filter(name -> name.equals(user) || name.equals("root")).isPresent();
  }

  private void accept() {
    while (!closed && listener.isOpen()) {
      try {
        serve(listener.accept(Wait.forever()));
      } catch (IOException | RuntimeException | OutOfMemoryError e) {
        // The error says also that no thread can be had now; the next peer may have one.
        if (!closed) {
          LOG.log(Level.WARNING, listener.name() + ": a peer was not accepted", e);
        }
      }
    }
    if (!closed) {
      LOG.log(Level.WARNING, "{0} was closed: no commands are taken any more", listener.name());
    }
  }

  private void serve(Channel peer) {
    try {
      begin(peer);
    } catch (RuntimeException | Error e) {
      peers.values().remove(peer);
      peer.abort(new IOException("the container could not begin with the command", e));
      throw e;
    }
  }

  private void begin(Channel peer) {
    ControlSession session = new ControlSession(peer, commands, allowed);
    if (peers.size() >= MAX_PEERS) {
      session.refuse(MAX_PEERS + " commands are being run; expected less");
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                session.run();
              } finally {
                peers.remove(Thread.currentThread());
              }
            },
            "penstock-control-" + numbers.incrementAndGet());
    thread.setDaemon(true);
    peers.put(thread, peer);
    thread.start();
  }

  /** Listens no longer, and ends the commands of those who are connected. */
  @Override
  public void close() {
    closed = true;
    try {
      listener.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, listener.name() + ": the socket was not closed cleanly", e);
    }
    try {
      acceptor.join(END_MILLIS);
      Map<Thread, Channel> left = Map.copyOf(peers);
      left.keySet().forEach(Thread::interrupt);
      long end = System.nanoTime() + END_MILLIS * 1_000_000;
      for (Map.Entry<Thread, Channel> each : left.entrySet()) {
        each.getKey().join(Math.max(1, (end - System.nanoTime()) / 1_000_000));
        // One that does not read its last words.
        each.getValue().abort(new IOException("the container has ended the command"));
      }
      for (Thread thread : left.keySet()) {
        thread.join(END_MILLIS);
      }
    } catch (InterruptedException e) {
      // There is no time for last words.
      for (Map.Entry<Thread, Channel> each : peers.entrySet()) {
        each.getKey().interrupt();
        each.getValue().abort(new IOException("the container has ended the command"));
      }
      Thread.currentThread().interrupt();
    } finally {
      // Also those of a peer that has come at the last moment.
      commands.close();
    }
  }
}
