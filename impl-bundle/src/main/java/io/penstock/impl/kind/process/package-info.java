// SPDX-License-Identifier: Apache-2.0
/** {@code exec:WORDS} and {@code shell:COMMAND}: child processes. */
@NullMarked
package io.penstock.impl.kind.process;

import org.jspecify.annotations.NullMarked;
