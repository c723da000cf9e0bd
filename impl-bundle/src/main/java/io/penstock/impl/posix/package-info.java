// SPDX-License-Identifier: Apache-2.0
/**
 * The operating system's own calls, where something can make them, and descriptors as channels that
 * the JDK selects. {@link io.penstock.impl.posix.PosixAccess} finds out what is there.
 */
@NullMarked
package io.penstock.impl.posix;

import org.jspecify.annotations.NullMarked;
