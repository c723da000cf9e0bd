// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import io.penstock.channel.facet.DescriptorFacet;
import io.penstock.channel.facet.HandleFacet;
import java.util.Objects;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Something a kind of channel can do. An open value type: a kind may state capabilities that this
 * class does not name.
 */
@ProviderType
public final class Capability {
  /** The channel can be read. */
  public static final Capability INPUT = of("input");

  /** The channel can be written. */
  public static final Capability OUTPUT = of("output");

  /** The end of one direction leaves the other open. */
  public static final Capability HALF_CLOSE = of("half-close");

  /**
   * The peer itself says whether it succeeded: {@link Channel#gone()} decides, and a sink that
   * broke earlier is not yet a verdict.
   */
  public static final Capability VERDICT = of("verdict");

  /**
   * The peer of an aborted channel is told of the abort, and never reads an end. Without this
   * capability the peer may take a part for the whole. Unix sockets, FIFOs, pipes and files cannot
   * tell a cut from an end, except for a Unix socket whose peer had sent bytes that were not read.
   */
  public static final Capability ABORT = of("abort");

  /** The identity of the peer can be asked for. */
  public static final Capability CREDENTIALS = of("credentials");

  /** Handles can be passed together with the bytes, by {@link HandleFacet}. */
  public static final Capability HANDLES = of("handles");

  /** The operating system's descriptor can be asked for, by {@link DescriptorFacet}. */
  public static final Capability DESCRIPTOR = of("descriptor");

  private final String name;

  private Capability(String name) {
    this.name = name;
  }

  /**
   * The capability of that name.
   *
   * @param name lower case, words joined by a hyphen
   * @return equal for equal names
   */
  public static Capability of(String name) {
    return new Capability(Objects.requireNonNull(name, "name"));
  }

  /**
   * Its name.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Capability that && name.equals(that.name);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return name;
  }
}
