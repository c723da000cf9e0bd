// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Two channels in memory that are each other's peer.
 *
 * @param left one
 * @param right the other
 */
@ProviderType
public record ChannelPair(Channel left, Channel right) {}
