// SPDX-License-Identifier: Apache-2.0
/** Listeners as OSGi Remote Services: a distribution provider and a discovery for Aries RSA. */
@NullMarked
package io.penstock.rsa;

import org.jspecify.annotations.NullMarked;
