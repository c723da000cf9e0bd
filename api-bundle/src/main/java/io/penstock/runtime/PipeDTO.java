// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A pipe that is open, or ended and not read to its end. Immutable.
 *
 * @param id a number of its own among all objects of this runtime, for as long as it lives
 * @param name of the pipe
 * @param owner which bundle made it; empty for one that a configuration made, or without OSGi
 * @param capacity in bytes
 * @param buffered bytes that were written and not read
 * @param highWater the most bytes that were seen buffered at once
 * @param sink where it is written
 * @param source where it is read
 * @param fault why it was aborted; null if it was not
 */
@ProviderType
public record PipeDTO(
    long id,
    String name,
    String owner,
    long capacity,
    long buffered,
    long highWater,
    EndDTO sink,
    EndDTO source,
    @Nullable FaultDTO fault) {}
