// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A poller that is open. Immutable.
 *
 * @param id a number of its own among all objects of this runtime, for as long as it lives
 * @param name of the handler that it serves, or {@code poller-ID}
 * @param owner which bundle made it; empty for one of this product's own, or without OSGi
 * @param registered how many ends are registered
 * @param events calls of handlers, or events that were handed out
 * @param busySince since when the handlers of one poll have been called, in milliseconds since
 *     1970: what else is ready waits as long; 0 if none is called now
 * @param thread the thread that polls now; null if none does
 */
@ProviderType
public record PollerDTO(
    long id,
    String name,
    String owner,
    int registered,
    RateDTO events,
    long busySince,
    @Nullable String thread) {}
