// SPDX-License-Identifier: Apache-2.0
/** Health checks for Apache Felix, made of what {@code PenstockRuntime} tells. */
@NullMarked
package io.penstock.health;

import org.jspecify.annotations.NullMarked;
