// SPDX-License-Identifier: Apache-2.0
/** Two builds of this product, measured in turns: what became slower. */
@NullMarked
package io.penstock.benchmarks.compare;

import org.jspecify.annotations.NullMarked;
