// SPDX-License-Identifier: Apache-2.0
/** Drivers over descriptors of files, which are always ready. */
@NullMarked
package io.penstock.impl.kind.support.ready;

import org.jspecify.annotations.NullMarked;
