// The function of the functions-framework peer; its own command line serves it.
exports.hello = (_request, response) => response.send('hello')
