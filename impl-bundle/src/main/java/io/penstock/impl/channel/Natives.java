// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.channel;

import io.penstock.impl.posix.HandleOpener;
import io.penstock.impl.posix.PosixAccess;

/**
 * What it takes to use descriptors.
 *
 * @param access makes native calls
 * @param opener makes channels and listeners of descriptors
 */
public record Natives(PosixAccess access, HandleOpener opener) {}
