// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A handler that is registered and not served. Immutable.
 *
 * @param serviceId {@code service.id} of the handler
 * @param name {@code penstock.name}, or one made of the service's identity
 * @param reason why
 * @param message why, in words; names what was wrong and what is expected
 * @param since since when it has not been served, in milliseconds since 1970: when the first of the
 *     tries that failed without a break did
 */
@ProviderType
public record FailedHandlerDTO(
    long serviceId, String name, Reason reason, String message, long since) {
  /** Why a handler is not served. */
  public enum Reason {
    /** A property has a value that is not allowed. It is served when that is corrected. */
    PROPERTIES(1),
    /** No kind that is installed has the endpoint's scheme. It is served when one comes. */
    SCHEME(2),
    /** The address cannot be bound, as when another process has it. It is tried again. */
    ADDRESS(3),
    /** The bundle of the handler did not give the service. */
    SERVICE(4);

    private final int code;

    Reason(int code) {
      this.code = code;
    }

    /**
     * A number for tools, which stays the same.
     *
     * @return the reason's code
     */
    public int code() {
      return code;
    }
  }
}
