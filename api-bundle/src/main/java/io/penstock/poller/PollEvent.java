// SPDX-License-Identifier: Apache-2.0
package io.penstock.poller;

import io.penstock.channel.Channel;
import io.penstock.channel.Listener;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/** Something that a poll found. Later versions may add kinds: ignore an unknown one. */
@ProviderType
public interface PollEvent {
  /**
   * Whose event it is.
   *
   * @return the registration
   */
  Registration registration();

  /**
   * A frame of a source's bytes.
   *
   * @param registration whose
   * @param source where it came from
   * @param bytes a copy that belongs to the caller; never empty unless the framing allows an empty
   *     frame
   */
  @ProviderType
  record Data(Registration registration, ByteSource source, ByteBuffer bytes)
      implements PollEvent {}

  /**
   * A channel that a listener accepted, whose source is already registered.
   *
   * @param registration the listener's
   * @param listener the listener that accepted it
   * @param channel the new channel, which the caller must close
   * @param client the new channel's registration
   */
  @ProviderType
  record Accepted(
      Registration registration, Listener listener, Channel channel, Registration client)
      implements PollEvent {}

  /**
   * A write would succeed or fail at once; comes once for each {@link
   * SinkRegistration#wantWritable()}.
   *
   * @param registration whose
   * @param sink which
   */
  @ProviderType
  record Writable(SinkRegistration registration, ByteSink sink) implements PollEvent {}

  /**
   * A source has ended, or a sink or listener was closed; comes once, and the registration is gone.
   *
   * @param registration whose
   */
  @ProviderType
  record Ended(Registration registration) implements PollEvent {}

  /**
   * A source, sink or listener failed, or a frame was refused; comes once, and the registration is
   * gone unless it is a listener's.
   *
   * @param registration whose
   * @param cause why
   */
  @ProviderType
  record Failed(Registration registration, Throwable cause) implements PollEvent {}
}
