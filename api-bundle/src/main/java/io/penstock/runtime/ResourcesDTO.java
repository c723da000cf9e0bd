// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import org.osgi.annotation.versioning.ProviderType;

/**
 * What the whole process has, and may have. Immutable.
 *
 * @param descriptors how many are open; below 0 where the system does not say
 * @param maxDescriptors how many may be; below 0 where the system does not say
 * @param buffered bytes that the product keeps in memory for streams
 * @param maxBuffered how many it may keep there
 */
@ProviderType
public record ResourcesDTO(
    long descriptors, long maxDescriptors, long buffered, long maxBuffered) {}
