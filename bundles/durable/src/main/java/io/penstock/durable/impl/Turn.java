// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import io.penstock.spi.content.Outgoing.Batch;
import org.jspecify.annotations.Nullable;

/**
 * What there is to do on the disk.
 *
 * @param batch what is to be written; null if there is nothing to save
 * @param mark the number of the stream that the first mark ends
 * @param floor what ends before is not kept
 * @param waits whether the disk is waited for
 * @param spares whether space may be used again without that
 * @param from where the reader wants more; -1 for nowhere
 * @param to no record behind it is there
 * @param most how many bytes suffice
 */
record Turn(
    @Nullable Batch batch,
    long mark,
    long committed,
    long stream,
    long epoch,
    long floor,
    boolean waits,
    boolean spares,
    long from,
    long to,
    int most) {}
