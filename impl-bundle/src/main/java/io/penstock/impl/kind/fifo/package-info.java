// SPDX-License-Identifier: Apache-2.0
/** {@code fifo:PATH}: named pipes of the file system. */
@NullMarked
package io.penstock.impl.kind.fifo;

import org.jspecify.annotations.NullMarked;
