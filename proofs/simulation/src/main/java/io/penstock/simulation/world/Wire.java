// SPDX-License-Identifier: Apache-2.0
package io.penstock.simulation.world;

import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.StreamClosedException;
import io.penstock.simulation.machine.Sim;
import io.penstock.spi.SinkDriver;
import io.penstock.spi.SourceDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;

/**
 * One direction: a window, pieces under way that stay in order, and an end or a reset behind them.
 * No lock is needed: a thread of the machine leaves only at points, of which there are none here.
 */
final class Wire {
  final Link link;
  final Net net;
  final String name;
  final Source source = new Source();
  final Sink sink = new Sink();
  boolean muted;

  private Link.Side sender;
  private Link.Side receiver;
  private final ArrayDeque<byte[]> arrived = new ArrayDeque<>();
  private int arrivedOffset;
  private long readable;
  private long underWay;
  private long sent;
  private long lastArrival;

  /** When something has arrived last. */
  long arrivedAt;

  private boolean finSent;
  private boolean finArrived;
  private boolean readerGone;
  private String cutAtReader;
  private String cutAtWriter;
  private boolean lost;
  // What is sent from here on goes nowhere, though nobody has heard of it yet.
  private boolean cutHere;
  private boolean atEnd;
  private boolean readBlocked;
  private boolean writeBlocked;
  private Runnable readerReady = () -> {};
  private Runnable writerReady = () -> {};

  Wire(Link link, String name) {
    this.link = link;
    this.net = link.net;
    this.name = name;
  }

  void begin(Link.Side from, Link.Side to) {
    sender = from;
    receiver = to;
  }

  private boolean selects(boolean source) {
    return net.ways == Net.Ways.SELECT || (source && net.ways == Net.Ways.MIXED);
  }

  // ---- what happens to it

  private void tellReader() {
    if (net.sim.tells()) {
      net.sim.note(name + ": reader is told, " + readable + " there");
    }
    receiver.changed();
    if (!selects(true)) {
      Sim.point();
      readerReady.run();
    }
  }

  private void tellWriter() {
    if (net.sim.tells()) {
      net.sim.note(name + ": writer is told, " + free() + " free");
    }
    sender.changed();
    if (!selects(false)) {
      Sim.point();
      writerReady.run();
    }
  }

  private long arrival(int bytes) {
    long at = Math.max(net.now() + net.way(), net.partitionedUntil);
    lastArrival = Math.max(lastArrival, at) + bytes * net.perByte;
    return lastArrival;
  }

  private void send(byte[] piece) {
    underWay += piece.length;
    sent += piece.length;
    if (cutHere) {
      return;
    }
    net.at(arrival(piece.length), () -> arrive(piece));
  }

  private void arrive(byte[] piece) {
    if (lost || muted) {
      return;
    }
    underWay -= piece.length;
    if (readerGone) {
      tellWriter();
      return;
    }
    arrived.add(piece);
    readable += piece.length;
    arrivedAt = net.now();
    tellReader();
  }

  void fin() {
    if (!finSent && !cutHere) {
      finSent = true;
      net.at(
          arrival(0),
          () -> {
            if (!lost && !muted) {
              finArrived = true;
              tellReader();
            }
          });
    }
  }

  /** The connection is lost: nothing more arrives. */
  void reset(String why) {
    if (lost) {
      return;
    }
    lost = true;
    net.after(
        net.way(),
        () -> {
          cutReader(why);
          cutWriter(why);
        });
  }

  private void cutReader(String why) {
    // A stream that had come to its end stays whole.
    if (cutAtReader == null && !finArrived) {
      cutAtReader = why;
    }
    tellReader();
  }

  private void cutWriter(String why) {
    if (cutAtWriter == null) {
      cutAtWriter = why;
    }
    tellWriter();
  }

  /** The sender cuts it. */
  void abort(String why) {
    if (cutAtWriter == null) {
      cutAtWriter = "aborted here";
    }
    if (!lost) {
      lost = true;
      net.after(net.way(), () -> cutReader(why));
    }
  }

  /** The receiver has cut it, of which the sender hears. */
  void peerAborted(String why) {
    if (!lost) {
      lost = true;
    }
    net.after(net.way(), () -> cutWriter(why));
  }

  void dropAll(String why) {
    arrived.clear();
    readable = 0;
    readerGone = true;
    if (cutAtReader == null) {
      cutAtReader = why;
    }
  }

  void sourceClosed() {
    if (!readerGone) {
      readerGone = true;
      arrived.clear();
      readable = 0;
      net.after(net.way(), this::tellWriter);
    }
  }

  private boolean mayRead() {
    return readable > 0 || finArrived || cutAtReader != null || readerGone;
  }

  private long free() {
    return Math.max(0, net.window - underWay - readable);
  }

  private boolean mayWrite() {
    return free() > 0 || cutAtWriter != null || finSent;
  }

  int readOps() {
    return mayRead() && !readBlocked ? SelectionKey.OP_READ : 0;
  }

  int writeOps() {
    return mayWrite() && !writeBlocked ? SelectionKey.OP_WRITE : 0;
  }

  private boolean hesitates() {
    return net.wouldBlock > 0 && net.dice.once(3 + 5 * net.wouldBlock);
  }

  private int some(int n) {
    return n > 1 && net.shortMoves > 0 && net.dice.once(net.shortMoves) ? 1 + net.dice.below(n) : n;
  }

  /** The readable end. */
  final class Source implements SourceDriver {
    @Override
    public int read(ByteBuffer dst) throws IOException {
      int n = read0(dst);
      if (net.sim.tells()) {
        net.sim.note(name + ": read " + n);
      }
      return n;
    }

    private int read0(ByteBuffer dst) throws IOException {
      if (readBlocked) {
        return 0;
      }
      if (!atEnd && hesitates()) {
        readBlocked = true;
        net.after(
            1 + net.dice.below(50_000),
            () -> {
              readBlocked = false;
              tellReader();
            });
        return 0;
      }
      if (readerGone && cutAtReader == null) {
        throw new StreamClosedException(name);
      }
      if (readable == 0) {
        atEnd = finArrived || cutAtReader != null;
        if (finArrived) {
          return -1;
        }
        if (cutAtReader != null) {
          throw new ConnectionResetException(name, cutAtReader, 0);
        }
        return 0;
      }
      int want = some((int) Math.min(dst.remaining(), readable));
      int left = want;
      while (left > 0) {
        byte[] first = arrived.peek();
        int n = Math.min(left, first.length - arrivedOffset);
        dst.put(first, arrivedOffset, n);
        left -= n;
        arrivedOffset += n;
        if (arrivedOffset == first.length) {
          arrived.remove();
          arrivedOffset = 0;
        }
      }
      boolean wasFull = net.window - underWay - readable <= 0;
      readable -= want;
      if (wasFull || net.kick > 0 && net.dice.once(2 * net.kick)) {
        net.after(net.way(), Wire.this::tellWriter);
      }
      return want;
    }

    @Override
    public long available() {
      return selects(true) || readBlocked ? 0 : readable;
    }

    @Override
    public boolean ready() {
      return !selects(true) && mayRead() && !readBlocked;
    }

    @Override
    public boolean ended() {
      return !selects(true) && finArrived && readable == 0 && !readBlocked;
    }

    @Override
    public void onReady(Runnable ready) {
      readerReady = ready;
    }

    @Override
    public SelectableChannel selectable() {
      return selects(true) ? receiver.socket : null;
    }

    @Override
    public int interest() {
      return selects(true) ? SelectionKey.OP_READ : 0;
    }

    @Override
    public void close() {
      sourceClosed();
    }
  }

  /** The writable end. */
  final class Sink implements SinkDriver {
    @Override
    public int write(ByteBuffer src) throws IOException {
      int n = write0(src);
      if (net.sim.tells()) {
        net.sim.note(name + ": written " + n);
      }
      return n;
    }

    private int write0(ByteBuffer src) throws IOException {
      if (cutAtWriter != null) {
        throw new ConnectionResetException(name, cutAtWriter, 0);
      }
      if (finSent) {
        throw new BrokenPipeException(name, "a write after the end", 0);
      }
      if (writeBlocked || !src.hasRemaining()) {
        return 0;
      }
      if (hesitates()) {
        writeBlocked = true;
        net.after(
            1 + net.dice.below(50_000),
            () -> {
              writeBlocked = false;
              tellWriter();
            });
        return 0;
      }
      int n = some((int) Math.min(src.remaining(), free()));
      int left = n;
      while (left > 0) {
        int size = Math.min(left, net.piece);
        long before = net.cutAt - sent;
        if (size > before) {
          size = (int) Math.max(0, before);
        }
        byte[] piece = new byte[size];
        src.get(piece);
        if (size > 0) {
          send(piece);
        }
        left -= size;
        if (sent >= net.cutAt) {
          net.cutAt = Long.MAX_VALUE;
          // What was sent before arrives, the rest is lost.
          src.position(src.position() + left);
          long at = sent;
          cutHere = true;
          net.at(arrival(0), () -> link.reset("lost at byte " + at));
          left = 0;
        }
      }
      return n;
    }

    @Override
    public void end() {
      fin();
    }

    @Override
    public long room() {
      return selects(false) ? -1 : cutAtWriter != null || writeBlocked ? 0 : free();
    }

    @Override
    public boolean ready() {
      return !selects(false) && mayWrite() && !writeBlocked;
    }

    @Override
    public void onReady(Runnable ready) {
      writerReady = ready;
    }

    @Override
    public SelectableChannel selectable() {
      return selects(false) ? sender.socket : null;
    }

    @Override
    public int interest() {
      return selects(false) ? SelectionKey.OP_WRITE : 0;
    }

    @Override
    public void close() {
      fin();
    }
  }
}
