# shell
// line
/* block */
/***/
/****/
