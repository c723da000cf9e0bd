// SPDX-License-Identifier: Apache-2.0
/**
 * What is believed of other containers, and what they are told: two state machines without threads
 * and without a clock. Whoever drives them gives them events and the time.
 */
@NullMarked
package io.penstock.remote.impl.protocol;

import org.jspecify.annotations.NullMarked;
