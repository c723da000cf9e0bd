// SPDX-License-Identifier: Apache-2.0
/** {@code mem:NAME}, {@code mem-listen:NAME}, {@code echo:} and pairs: peers in the same memory. */
@NullMarked
package io.penstock.impl.kind.memory;

import org.jspecify.annotations.NullMarked;
