// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.channel.Capability;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.util.Set;

/** A connection: two directions, and what can befall both. */
final class Link {
  final Net net;
  final String name;
  final Wire there;
  final Wire back;
  final Side client;
  final Side server;

  Link(Net net, String name) {
    this.net = net;
    this.name = name;
    this.there = new Wire(this, name + " there");
    this.back = new Wire(this, name + " back");
    this.client = new Side(back, there);
    this.server = new Side(there, back);
    there.begin(client, server);
    back.begin(server, client);
    net.links.add(this);
  }

  /** Both sides meet a reset, each when it has heard of it. */
  void reset(String why) {
    net.sim.note(name + ": reset, " + why);
    there.reset(why);
    back.reset(why);
  }

  /** Nothing arrives any more, and nobody hears of it. */
  void mute() {
    there.muted = true;
    back.muted = true;
  }

  void left() {
    if (client.released && server.released) {
      net.links.remove(this);
    }
  }

  /** One side, as a provider has it. */
  final class Side implements ChannelDriver {
    final Wire in;
    final Wire out;
    final io.penstock.simulation.machine.SimSelectable socket;
    boolean released;

    Side(Wire in, Wire out) {
      this.in = in;
      this.out = out;
      this.socket =
          net.ways == Net.Ways.SIGNAL
              ? null
              : new io.penstock.simulation.machine.SimSelectable(
                  java.nio.channels.SelectionKey.OP_READ | java.nio.channels.SelectionKey.OP_WRITE,
                  () -> in.readOps() | out.writeOps());
    }

    @Override
    public SourceDriver source() {
      return in.source;
    }

    @Override
    public SinkDriver sink() {
      return out.sink;
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of(Capability.HALF_CLOSE);
    }

    void changed() {
      if (socket != null) {
        socket.changed();
      }
    }

    private void release() {
      if (!released) {
        released = true;
        if (socket != null) {
          try {
            socket.close();
          } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        }
        left();
      }
    }

    @Override
    public void close() {
      in.sourceClosed();
      out.fin();
      release();
    }

    @Override
    public void abort(Throwable cause) {
      net.sim.note(name + ": aborted, " + cause);
      in.dropAll("aborted here");
      out.abort("aborted by the peer");
      in.peerAborted("aborted by the peer");
      release();
    }
  }
}
