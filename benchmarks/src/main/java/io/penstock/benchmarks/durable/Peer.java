// SPDX-License-Identifier: Apache-2.0
package io.penstock.benchmarks.durable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** All that are measured. */
public enum Peer {
  /** A durable pipe in a file. */
  PENSTOCK_FILE("Penstock, file:", true, Place.FILE),
  /** What Penstock's file is made of. */
  MVSTORE("H2 MVStore alone", false, Place.FILE),
  /** A journal of a message broker. */
  ARTEMIS("Artemis journal", false, Place.FILE),
  /** A durable pipe on servers, with several writes in a record. */
  PENSTOCK_SERVERS("Penstock, nats:", true, Place.NATS),
  /** The same with a record for each write. */
  PENSTOCK_EACH("Penstock, sync=each", true, Place.NATS),
  /** The default; its reader commits nothing. */
  PENSTOCK_MANUAL("Penstock, commit=manual", true, Place.NATS),
  /** The default, which waits for nobody when it is opened after a crash. */
  PENSTOCK_TAKEOVER("Penstock, takeover=true", true, Place.NATS),
  /** The library of NATS, with fencing; its reader acknowledges, and has removed what it read. */
  JNATS_ACKNOWLEDGED("jnats, acknowledged", false, Place.NATS),
  /** The library of NATS, with fencing. */
  JNATS_FENCED("jnats, fenced", false, Place.NATS),
  /** The library of NATS, without fencing. */
  JNATS("jnats, not fenced", false, Place.NATS),
  /** The client of Kafka; its reader tells the brokers nothing. */
  KAFKA("Kafka", false, Place.KAFKA),
  /** The same; its reader commits, and has removed what it read. */
  KAFKA_COMMITTED("Kafka, committed", false, Place.KAFKA);

  /** Where the bytes are. */
  enum Place {
    /** In a folder of this machine. */
    FILE,
    /** On servers of NATS. */
    NATS,
    /** On brokers of Kafka. */
    KAFKA
  }

  private final String label;
  private final boolean ours;
  private final Place place;

  Peer(String label, boolean ours, Place place) {
    this.label = label;
    this.ours = ours;
    this.place = place;
  }

  /** For people. */
  public String label() {
    return label;
  }

  /** Whether it is Penstock. */
  public boolean ours() {
    return ours;
  }

  Place place() {
    return place;
  }

  /**
   * Opens it, and makes it if it is not there.
   *
   * @param where the folder, or the servers as {@code HOST:PORT}, with commas
   * @param name of the file, stream or topic
   */
  Store open(String where, String name, Sync sync) throws Exception {
    return switch (this) {
      case PENSTOCK_FILE -> new PenstockStore("file:" + Path.of(where, name), sync, "commit=auto");
      case MVSTORE -> new MvStore(Path.of(where, name), sync);
      case ARTEMIS -> new ArtemisStore(Path.of(where, name), sync);
      case PENSTOCK_SERVERS -> onServers(where, name, Sync.GROUP, "commit=auto");
      case PENSTOCK_EACH -> onServers(where, name, Sync.EACH, "commit=auto");
      case PENSTOCK_MANUAL -> onServers(where, name, Sync.GROUP, "commit=manual");
      case PENSTOCK_TAKEOVER -> onServers(where, name, Sync.GROUP, "takeover=true");
      case JNATS_ACKNOWLEDGED -> new NatsStore(where, name, true, true);
      case JNATS_FENCED -> new NatsStore(where, name, true, false);
      case JNATS -> new NatsStore(where, name, false, false);
      case KAFKA -> new KafkaStore(where, name, false);
      case KAFKA_COMMITTED -> new KafkaStore(where, name, true);
    };
  }

  private static Store onServers(String where, String name, Sync sync, String keys)
      throws IOException {
    return new PenstockStore("nats://" + where + "/" + name, sync, keys);
  }

  /** Removes what is on servers, where room is reserved for it; a folder goes with its session. */
  void remove(String where, String name) throws Exception {
    switch (place) {
      case NATS ->
          NatsStore.remove(
              where, ours ? List.of(stream(name), stream(name) + "-keys") : List.of(name));
      case KAFKA -> KafkaStore.remove(where, name);
      case FILE -> {}
    }
  }

  /** The stream of NATS that has the bytes. */
  String stream(String name) {
    return ours ? "penstock-" + name : name;
  }
}
