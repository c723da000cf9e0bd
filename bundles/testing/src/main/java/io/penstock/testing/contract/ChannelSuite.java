// SPDX-License-Identifier: Apache-2.0
package io.penstock.testing.contract;

import io.penstock.channel.Endpoint;

/**
 * The contract of a channel as a whole: half-close, close and abort, connecting, listening, its
 * capabilities, and that pollers and relays take it like any other. The {@link ContractSuite} is
 * for its two ends.
 */
public abstract class ChannelSuite extends RelayCases {
  /** For subclasses. */
  protected ChannelSuite() {}

  /**
   * The kind that the suite runs against; its subjects are made of channels.
   *
   * @return always the same
   */
  @Override
  protected abstract Kind kind();

  /**
   * Penstock's services, with the kind's provider installed.
   *
   * @return always the same
   */
  @Override
  protected abstract Services services();

  /**
   * A fresh endpoint to listen at; asked for unless the kind lacks {@link Trait#LISTENS}.
   *
   * @return the endpoint
   */
  @Override
  protected Endpoint listening() {
    throw new UnsupportedOperationException(kind() + " must say where it listens");
  }

  /**
   * The endpoint that connects to a listener of {@link #listening()}.
   *
   * @param bound where the listener really listens
   * @return the endpoint
   */
  @Override
  protected Endpoint connecting(Endpoint bound) {
    throw new UnsupportedOperationException(kind() + " must say how to connect to " + bound);
  }
}
