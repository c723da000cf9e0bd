// SPDX-License-Identifier: Apache-2.0
/** What is made of NATS servers. */
@NullMarked
package io.penstock.nats.impl;

import org.jspecify.annotations.NullMarked;
