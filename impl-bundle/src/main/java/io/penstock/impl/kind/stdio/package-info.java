// SPDX-License-Identifier: Apache-2.0
/** {@code stdio:}: standard input and output of this process. */
@NullMarked
package io.penstock.impl.kind.stdio;

import org.jspecify.annotations.NullMarked;
