//! What is written for each construct, and what is refused. Whether it does the same shows when it is
//! built and run: the black-box tests do that.
