// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.buffer;

/**
 * Bytes in the hands of a writer that waits.
 *
 * @param start where in the stream they begin
 */
@SuppressWarnings("ArrayRecordComponent") // only carried, never compared
record Offer(byte[] bytes, int from, int size, long start) {}
