// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.relay;

import io.penstock.impl.core.SinkEnd;
import io.penstock.impl.core.SourceEnd;

/**
 * How a direction of a relay stands.
 *
 * @param source where it reads
 * @param sink where it writes
 * @param loaded whether it has bytes that the sink has not taken
 * @param lastMoved when bytes went across last, by the parker's clock; 0 if none did
 */
public record Standing(SourceEnd source, SinkEnd sink, boolean loaded, long lastMoved) {}
