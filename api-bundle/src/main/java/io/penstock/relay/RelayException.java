// SPDX-License-Identifier: Apache-2.0
package io.penstock.relay;

import io.penstock.channel.Endpoint;
import io.penstock.error.StreamFault;
import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A relay failed. The message has the name of the endpoint that failed first, the operation, and
 * the system's reason.
 */
@ProviderType
public final class RelayException extends IOException implements StreamFault {
  private static final long serialVersionUID = 1L;

  private final transient Endpoint endpoint;

  /** The name of the stream. */
  private final String stream;

  /** The count. */
  private final long count;

  /**
   * Makes the exception.
   *
   * @param endpoint the side that failed first
   * @param what what was being done or has happened, and the reason
   * @param count how many bytes had gone both ways
   * @param cause the failure
   */
  public RelayException(Endpoint endpoint, String what, long count, Throwable cause) {
    super(endpoint.name() + " " + what, cause);
    this.endpoint = endpoint;
    this.stream = endpoint.name();
    this.count = count;
  }

  /**
   * The side that failed first.
   *
   * @return its endpoint
   */
  public Endpoint endpoint() {
    return endpoint;
  }

  @Override
  public String stream() {
    return stream;
  }

  /** {@return how many bytes had gone both ways} */
  @Override
  public long count() {
    return count;
  }
}
