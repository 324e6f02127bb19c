//! The handler: an ordinary struct that implements the emitted trait.

use std::sync::atomic::{AtomicI64, Ordering};

use seapink::CallContext;

use crate::coffee::{
    CoffeeBar, CoffeeBarPlaceError, CoffeeBarTakingsError, Drink, Order, Receipt, SoldOut,
};
use crate::money::{Amount, Currency};

/// A bar that is out of tea.
#[derive(Debug, Default)]
pub struct Bar {
    receipts: AtomicI64,
    cents: AtomicI64,
}

fn euros(minor: i64) -> Amount {
    Amount {
        minor,
        currency: Currency::EUR,
    }
}

impl CoffeeBar for Bar {
    fn place(&self, _: &CallContext, order: Order) -> Result<Receipt, CoffeeBarPlaceError> {
        let price = match order.drink {
            Drink::ESPRESSO => 250,
            Drink::LATTE => 420,
            drink => {
                let message = format!("sorry, {}, no {drink} today", order.customer);
                return Err(SoldOut { drink, message }.into());
            }
        };
        let total = price * i64::from(order.cups);
        self.cents.fetch_add(total, Ordering::Relaxed);
        let number = self.receipts.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Receipt {
            number,
            total: euros(total),
        })
    }

    fn takings(&self, _: &CallContext) -> Result<Amount, CoffeeBarTakingsError> {
        Ok(euros(self.cents.load(Ordering::Relaxed)))
    }

    fn tip(&self, _: &CallContext, amount: Amount) -> seapink::Result<()> {
        self.cents.fetch_add(amount.minor, Ordering::Relaxed);
        Ok(())
    }
}
