// SPDX-License-Identifier: Apache-2.0
/** Descriptors of pipes, FIFOs, terminals and files as drivers, whoever has opened them. */
@NullMarked
package io.penstock.impl.kind.support.descriptor;

import org.jspecify.annotations.NullMarked;
