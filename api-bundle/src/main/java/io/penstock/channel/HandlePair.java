// SPDX-License-Identifier: Apache-2.0
package io.penstock.channel;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The two ends of a pipe of the operating system.
 *
 * @param source the end to read
 * @param sink the end to write
 */
@ProviderType
public record HandlePair(Handle source, Handle sink) {}
